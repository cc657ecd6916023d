import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { infoHashFromBytes } from "@seedfleet/bytes";
import { loadConfig, seededRng, systemClock } from "@seedfleet/runtime";
import { trackerConfig } from "../config.ts";
import { Replicas } from "./replicas.ts";

const ports = { clock: systemClock, rng: seededRng(1) };
const config = { ...loadConfig(trackerConfig, {}), host: "127.0.0.1", port: 0, workers: 2 };

test("Replicas.listen() given threads says what is wrong in the settings", async () => {
  await rejects(Replicas.listen(ports, { ...config, handoutPolicy: "nearest", zonesFile: null }), {
    detail: { code: "zones-file-missing" },
  });
});

test("Replicas.listen() given threads takes no port that another tracker shares", async () => {
  await using replicas = await Replicas.listen(ports, config);
  const { port } = replicas;
  const again = Replicas.listen(ports, { ...config, port });
  const code = await again.catch((error) => error.detail.code);
  const one = Replicas.listen(ports, { ...config, port, workers: 1 });
  equal(code, await one.catch((error) => error.detail.code));
});

test("Replicas load a part in every thread, and give all of it back", async () => {
  await using replicas = await Replicas.listen(ports, config);
  const parts = await Array.fromAsync(replicas.snapshot(new AbortController().signal));
  for (const part of parts) await replicas.load(part);
  const again = await Array.fromAsync(replicas.snapshot(new AbortController().signal));
  deepEqual(again, parts);
});

test("Replicas given threads say how many peers swarms have", async () => {
  await using replicas = await Replicas.listen(ports, config);
  const infoHash = infoHashFromBytes(new Uint8Array(20));
  deepEqual(await replicas.sizes([infoHash, infoHash]), [
    [0, 0],
    [0, 0],
  ]);
});

test("a snapshot that nobody goes on with does not keep replicas from stopping", async () => {
  const replicas = await Replicas.listen(ports, config);
  const parts = replicas.snapshot(new AbortController().signal);
  const [stopped, part] = [replicas[Symbol.asyncDispose](), parts.next()];
  await stopped;
  await part.then(
    ({ done }) => equal(done, false),
    (error) => equal(error.detail.code, "tracker-stopped"),
  );
});
