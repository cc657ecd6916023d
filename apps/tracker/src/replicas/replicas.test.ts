import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { infoHashFromBytes } from "@seedfleet/bytes";
import { loadConfig, seededRng, systemClock } from "@seedfleet/runtime";
import { trackerConfig } from "../config.ts";
import { givenQuery } from "../testing.ts";
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

// In threads of their own, so that both take from crowds while this one connects.
for (const host of ["127.0.0.1", "::1"]) {
  test(`threads answer crowds that come together, at ${host}`, async () => {
    const open = { ...config, host, mode: "open" } as const;
    await using replicas = await Replicas.listen(ports, open);
    replicas.tell({ kind: "open" });
    const crowd = (): Promise<readonly string[]> =>
      Promise.all(Array.from({ length: 100 }, (_, at) => announced(replicas.port, host, at)));
    // Threads open their doors when they hear of it.
    while ((await crowd()).some((reply) => reply.includes("Tracker is starting")));
    for (let each = 0; each < 4; each += 1) {
      for (const reply of await crowd()) match(reply, /^HTTP\/1.1 200 OK\r\n.*8:intervali/s);
    }
  });
}

async function announced(port: number, host: string, peer: number): Promise<string> {
  const socket = connect(port, host).setEncoding("latin1");
  await once(socket, "connect");
  const query = givenQuery({ port: String(1_000 + peer) });
  socket.write(`GET /announce?${query} HTTP/1.1\r\nConnection: close\r\n\r\n`);
  return text(socket);
}
