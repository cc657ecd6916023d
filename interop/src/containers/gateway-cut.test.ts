import { ok } from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { givenTree } from "../given-content.ts";
import { sameTree } from "../same-tree.ts";
import { ContainerFleet } from "./container-fleet.ts";
import { readableDirectory } from "./readable-directory.ts";
import { finish, firstSource, longestOfAll, STEADY } from "./steady-download.ts";

/** Some thirty seconds under the limit. */
const SIZE_BYTES = 30_000_000;

test("a gateway is cut off the network, and its client goes on from the other", async (t) => {
  await using content = await readableDirectory();
  await using work = await readableDirectory();
  await givenTree(join(content.path, "tree"), { "content.bin": SIZE_BYTES });
  await using fleet = await ContainerFleet.start({
    content: content.path,
    trackers: 1,
    schedulers: 1,
  });
  const torrent = await fleet.publish(join(content.path, "tree"), "tree");
  await using client = await fleet.download(torrent, join(work.path, "got"), STEADY);

  const cut = await firstSource(client, fleet.gateways);
  await cut.container.cutOff();
  await finish([client]);
  await sameTree(join(work.path, "got", "tree"), join(content.path, "tree"));
  t.diagnostic(`longest wait ${longestOfAll([client])} ms`);
  const others = fleet.gateways.filter((gateway) => gateway !== cut);
  ok(others.some(({ port }) => client.lines.includes(`from ${fleet.address} ${port}`)));
});
