import { deepEqual, equal, ok } from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { givenTree } from "../given-content.ts";
import { sameTree } from "../same-tree.ts";
import { ContainerFleet } from "./container-fleet.ts";
import { readableDirectory } from "./readable-directory.ts";

const TREE = {
  "a file with spaces.bin": 21_000_017,
  "empty.txt": 0,
  "nested/名前 — ünïcødé.bin": 12_000_000,
};

test("libtorrent downloads from a fleet of containers over a cluster of NATS servers", async () => {
  await using content = await readableDirectory();
  await using work = await readableDirectory();
  await givenTree(join(content.path, "tree"), TREE);
  await using fleet = await ContainerFleet.start({ content: content.path });
  const torrent = await fleet.publish(join(content.path, "tree"), "tree");

  await using client = await fleet.download(torrent, join(work.path, "got"));
  await client.succeeded();
  await sameTree(join(work.path, "got", "tree"), join(content.path, "tree"));

  const ports = fleet.gateways.map(({ port }) => `from ${fleet.address} ${port}`);
  ok(
    ports.some((line) => client.lines.includes(line)),
    client.lines.join("\n"),
  );
  const replicas = Object.values(await fleet.nats.replicas());
  ok(replicas.length > 0);
  deepEqual([...new Set(replicas)], [3]);
  for (const service of fleet.services) {
    const { Running, OOMKilled } = await service.state();
    deepEqual({ Running, OOMKilled }, { Running: true, OOMKilled: false });
    equal(/"level":"(?:error|fatal)"/.test(await service.logs()), false, service.name);
  }
});
