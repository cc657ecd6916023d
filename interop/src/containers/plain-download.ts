import { deepEqual, equal, ok } from "node:assert/strict";
import { join } from "node:path";
import { givenTree } from "../given-content.ts";
import { sameTree } from "../same-tree.ts";
import type { FleetUnderTest } from "./fleet-under-test.ts";
import { sentBytes } from "./sent-bytes.ts";

const TREE = {
  "a file with spaces.bin": 21_000_017,
  "empty.txt": 0,
  "nested/名前 — ünïcødé.bin": 12_000_000,
};

/** libtorrent downloads, the bus keeps three copies, and no service has a fault to tell. */
export async function plainDownload({ fleet, content, work }: FleetUnderTest): Promise<void> {
  await givenTree(join(content, "tree"), TREE);
  const torrent = await fleet.publish(join(content, "tree"), "tree");
  await using client = await fleet.download(torrent, join(work, "plain"));
  await client.succeeded();
  await sameTree(join(work, "plain", "tree"), join(content, "tree"));

  const treeBytes = Object.values(TREE).reduce((sum, bytes) => sum + bytes, 0);
  ok((await sentBytes(fleet.gateways)) >= treeBytes);
  const replicas = Object.values(await fleet.nats.replicas());
  ok(replicas.length > 0);
  deepEqual([...new Set(replicas)], [3]);
  for (const service of fleet.services) {
    const { Running, OOMKilled } = await service.state();
    deepEqual({ Running, OOMKilled }, { Running: true, OOMKilled: false });
    equal(/"level":"(?:error|fatal)"/.test(await service.logs()), false, service.name);
  }
}
