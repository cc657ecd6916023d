import { ok } from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { givenTree } from "../given-content.ts";
import { sameTree } from "../same-tree.ts";
import { ContainerFleet } from "./container-fleet.ts";
import { readableDirectory } from "./readable-directory.ts";
import { finish, firstSource, longestOfAll, STEADY } from "./steady-download.ts";

/** The stream of the catalog's entries. */
const CATALOG = "KV_seedfleet-catalog";

/** Some thirty seconds under the limit. */
const SIZE_BYTES = 30_000_000;

test("the NATS server that leads the catalog is killed, and a download goes on", async (t) => {
  await using content = await readableDirectory();
  await using work = await readableDirectory();
  await givenTree(join(content.path, "tree"), { "content.bin": SIZE_BYTES });
  await givenTree(join(content.path, "later"), { "later.bin": 1_000_000 });
  await using fleet = await ContainerFleet.start({
    content: content.path,
    trackers: 1,
    schedulers: 1,
  });
  const torrent = await fleet.publish(join(content.path, "tree"), "tree");
  await using client = await fleet.download(torrent, join(work.path, "got"), STEADY);
  await firstSource(client, fleet.gateways);

  t.diagnostic(`killed ${await fleet.nats.killLeader(CATALOG)}`);
  // The two that are left have the catalog, and take what is new.
  const later = await fleet.publish(join(content.path, "later"), "later");
  await using another = await fleet.download(later, join(work.path, "another"));
  await another.succeeded();
  await sameTree(join(work.path, "another", "later"), join(content.path, "later"));

  await finish([client]);
  await sameTree(join(work.path, "got", "tree"), join(content.path, "tree"));
  t.diagnostic(`longest wait ${longestOfAll([client])} ms`);
  for (const service of fleet.services) ok((await service.state()).Running, service.name);
});
