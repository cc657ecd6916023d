import { ok } from "node:assert/strict";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { givenTree } from "../given-content.ts";
import { sameTree } from "../same-tree.ts";
import type { FleetUnderTest } from "./fleet-under-test.ts";
import { finish, firstSource, longestOfAll, STEADY } from "./steady-download.ts";

/** The stream of the catalog's entries. */
const CATALOG = "KV_seedfleet-catalog";

/** Watches notice in some ten seconds that their server has died, NATS's client alone in eighty. */
const KNOWN_MS_MAX = 40_000;

/** The NATS server that leads the catalog is killed, and a download goes on; another begins. */
export async function natsLeaderKilled(
  t: TestContext,
  { fleet, content, work, steady }: FleetUnderTest,
): Promise<void> {
  await givenTree(join(content, "later"), { "later.bin": 1_000_000 });
  await using client = await fleet.download(steady, join(work, "before"), STEADY);
  await firstSource(client, fleet.gateways);

  t.diagnostic(`killed ${await fleet.nats.killLeader(CATALOG)}`);
  // The two that are left have the catalog, and take what is new.
  const beganMs = performance.now();
  const later = await fleet.publish(join(content, "later"), "later");
  const knownMs = Math.round(performance.now() - beganMs);
  t.diagnostic(`published, and known to trackers, in ${knownMs} ms`);
  ok(knownMs < KNOWN_MS_MAX, `trackers knew after ${knownMs} ms`);
  await using another = await fleet.download(later, join(work, "later"));
  await another.succeeded();
  await sameTree(join(work, "later", "later"), join(content, "later"));

  await finish([client]);
  await sameTree(join(work, "before", "steady"), join(content, "steady"));
  t.diagnostic(`longest wait ${longestOfAll([client])} ms`);
  for (const service of fleet.services) ok((await service.state()).Running, service.name);
}
