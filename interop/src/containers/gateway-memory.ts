import { deepEqual, equal, fail, ok } from "node:assert/strict";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { eventually } from "../eventually.ts";
import { givenTree } from "../given-content.ts";
import { longestWaitMs } from "../libtorrent.ts";
import { sameTree } from "../same-tree.ts";
import { Crowd } from "./crowd.ts";
import type { FleetUnderTest } from "./fleet-under-test.ts";

const LEECHERS = 5_000;
const MEMBERS = 5;

/** More than the cache holds. */
const CROWD_FILES = { "1.bin": 100_000_000, "2.bin": 100_000_000, "3.bin": 100_000_000 };
const CROWD_BYTES = 300_000_000;

const CLIENT_BYTES = 30_000_000;

/** Room for the crowd, of which each container has one address, and for others. */
export const CROWDED_GATEWAY: Readonly<Record<string, string>> = {
  SEEDFLEET_GATEWAY_PEERS_MAX: String(LEECHERS + 1_000),
  SEEDFLEET_GATEWAY_PEERS_PER_ADDRESS_MAX: String(LEECHERS / MEMBERS),
  // Whoever is here may download, so that each holds as much memory as one can.
  SEEDFLEET_GATEWAY_UNCHOKE_SLOTS: String(LEECHERS),
};

/** A gateway serves a crowd, many of which take next to nothing, within its container's memory. */
export async function gatewayMemory(
  t: TestContext,
  { fleet, content, work }: FleetUnderTest,
): Promise<void> {
  await givenTree(join(content, "crowded"), CROWD_FILES);
  await givenTree(join(content, "beside"), { "beside.bin": CLIENT_BYTES });
  const crowded = await fleet.publish(join(content, "crowded"), "crowded");
  const beside = await fleet.publish(join(content, "beside"), "beside");
  const [gateway] = fleet.gateways;
  ok(gateway);
  const { container, port } = gateway;

  await using crowd = await Crowd.join({
    ...{ network: fleet.network, host: container.name, port },
    ...{ infoHash: crowded.infoHash, pieceLengthBytes: crowded.pieceLengthBytes },
    pieceCount: Math.floor(CROWD_BYTES / crowded.pieceLengthBytes),
    ...{ leechers: LEECHERS, members: MEMBERS },
  });
  equal(await container.metric("seedfleet_gateway_peers"), LEECHERS);
  await using client = await fleet.download(beside, join(work, "beside"), {
    withoutTrackers: true,
    peers: [[fleet.address, port]],
  });
  await Promise.race([client.succeeded(), crowd.lost().then(fail)]);
  await sameTree(join(work, "beside", "beside"), join(content, "beside"));
  t.diagnostic(`the client beside the crowd waited ${longestWaitMs(client)} ms at most`);

  const { peakBytes, limitBytes, oomKills } = await container.memory();
  const { receivedBytes, lost } = await crowd.leave();
  t.diagnostic(`${mebibytes(peakBytes)} of ${mebibytes(limitBytes)} MiB`);
  t.diagnostic(`the crowd got ${mebibytes(receivedBytes)} MiB`);
  deepEqual({ oomKills, lost }, { oomKills: 0, lost: [] });
  ok(peakBytes < limitBytes, `${peakBytes} bytes were taken, of ${limitBytes}`);
  ok(receivedBytes > 0);
  await eventually(() => container.metric("seedfleet_gateway_peers"), 0);
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}
