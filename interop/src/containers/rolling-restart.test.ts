import { equal, ok } from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { givenTree } from "../given-content.ts";
import { sameTree } from "../same-tree.ts";
import { ContainerFleet } from "./container-fleet.ts";
import { readableDirectory } from "./readable-directory.ts";
import { finish, firstSource, longestOfAll, STEADY } from "./steady-download.ts";

const CLIENTS = 3;

/** More than a client takes under its limit while everything is restarted. */
const SIZE_BYTES = 100_000_000;

/** What a client may wait for content at most. */
const WAIT_MS_MAX = 5_000;

test("every service is restarted while clients download, and no client waits long", async (t) => {
  await using content = await readableDirectory();
  await using work = await readableDirectory();
  await givenTree(join(content.path, "tree"), { "content.bin": SIZE_BYTES });
  await using fleet = await ContainerFleet.start({ content: content.path });
  const torrent = await fleet.publish(join(content.path, "tree"), "tree");

  await using running = new AsyncDisposableStack();
  const names = Array.from({ length: CLIENTS }, (_, index) => `client-${index}`);
  const clients = await Promise.all(
    names.map(async (name) =>
      running.use(await fleet.download(torrent, join(work.path, name), STEADY)),
    ),
  );
  for (const client of clients) await firstSource(client, fleet.gateways);

  const gateways = fleet.gateways.map(({ container }) => container);
  const others = fleet.services.filter((service) => !gateways.includes(service));
  // Gateways one right after the other: libtorrent does not come back to the first for a minute.
  for (const service of [...others, ...gateways]) {
    const beganMs = performance.now();
    await service.restart();
    t.diagnostic(`${service.name} ready again after ${Math.round(performance.now() - beganMs)} ms`);
    equal((await service.state()).Running, true);
  }
  await finish(clients);
  for (const name of names) {
    await sameTree(join(work.path, name, "tree"), join(content.path, "tree"));
  }
  const waitMs = longestOfAll(clients);
  t.diagnostic(`longest wait ${waitMs} ms`);
  ok(waitMs < WAIT_MS_MAX, `a client waited ${waitMs} ms`);
});
