import { ok } from "node:assert/strict";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { sameTree } from "../same-tree.ts";
import type { FleetUnderTest } from "./fleet-under-test.ts";
import { sentBytes } from "./sent-bytes.ts";
import { finish, firstSource, longestOfAll, STEADY } from "./steady-download.ts";

/**
 * Nothing tells a client that its gateway is gone; of itself it waits a minute for what it has
 * asked for before it asks another, which is no matter of ours.
 */
const IMPATIENT = { request_timeout: 5, piece_timeout: 5 };

/** A gateway is cut off the network, and its client goes on from the other. */
export async function gatewayCutOff(
  t: TestContext,
  { fleet, content, work, steady }: FleetUnderTest,
): Promise<void> {
  const settings = { ...STEADY.settings, ...IMPATIENT };
  await using client = await fleet.download(steady, join(work, "cut"), { ...STEADY, settings });

  const cut = await firstSource(client, fleet.gateways);
  const others = fleet.gateways.filter((gateway) => gateway !== cut);
  const sentBefore = await sentBytes(others);
  await cut.container.cutOff();
  await finish([client]);
  await sameTree(join(work, "cut", "steady"), join(content, "steady"));
  t.diagnostic(`longest wait ${longestOfAll([client])} ms`);
  ok((await sentBytes(others)) > sentBefore);
}
