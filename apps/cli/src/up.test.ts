import { deepEqual, equal, match, ok } from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, realpathSync, statSync } from "node:fs";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { infoHashBytes, parseInfoHash } from "@seedfleet/bytes";
import { GivenDirectory } from "@seedfleet/content-fs/testing";
import { parseMagnet, parseMetainfo } from "@seedfleet/metainfo";
import type { Seeding } from "./reporter.ts";
import { type CliEvent, eventsOf, FREE_PORTS, linesOf, RunningCli } from "./testing.ts";

const QUIET = { SEEDFLEET_LOG_LEVEL: "silent" };

describe("up", { concurrency: 2 }, () => {
  test("up --json tells where everything is, and stops cleanly on SIGTERM", seedsAndStops);
  test("up given the same data directory again does not hash again", hashesOnce);
  test("up given a peer that does not hang up stops cleanly all the same", stopsAlone);
  test("up tells a person where everything is, and how to share", tellsAPerson);
  test("up tells whether peers' address leads to it, unless it is the loopback's", looksAtItself);
});

async function seedsAndStops(): Promise<void> {
  using place = new GivenDirectory({
    "my files/a": "12345",
    "my files/b/c": "678",
    "one.bin": "9",
  });
  const args = ["up", "my files", "one.bin", "my files/../one.bin", ...FREE_PORTS, "--json"];
  await using running = new RunningCli(args, { cwd: place.path, env: QUIET });
  const seeding = seedingOf(await running.event("ready"));
  equal(seeding.pid, running.pid);
  const sizes = seeding.torrents.map(({ name, sizeBytes, fileCount }) => [
    ...[name, sizeBytes, fileCount],
  ]);
  deepEqual(sizes, [
    ["my files", 8, 2],
    ["one.bin", 1, 1],
  ]);
  for (const { name, infoHash, torrentFile, torrentUrl, magnet } of seeding.torrents) {
    const file = readFileSync(torrentFile);
    const parsed = parseMetainfo(file);
    ok(parsed.kind === "metainfo");
    const { trackers } = parsed;
    deepEqual(
      [parsed.infoHash, parsed.name, trackers],
      [infoHash, name, seeding.trackerUrls.map((url) => [url])],
    );
    ok(torrentFile.startsWith(place.at(".seedfleet/torrents/")));
    deepEqual(Buffer.from(await (await fetch(torrentUrl)).arrayBuffer()), file);
    const read = parseMagnet(magnet);
    ok("infoHash" in read);
    deepEqual([read.infoHash, read.name, read.trackers], [infoHash, name, seeding.trackerUrls]);
  }
  await answers(seeding);

  running.kill("SIGTERM");
  const { code, stdout, stderr } = await running.ended;
  deepEqual([code, stderr], [0, ""]);
  const events = eventsOf(stdout).map(({ event }) => event);
  deepEqual([events.at(-1), new Set(events).size], ["stopping", 4]);
}

async function hashesOnce(): Promise<void> {
  using place = new GivenDirectory({ "content/a": "12345" });
  const start = (): RunningCli =>
    new RunningCli(["up", "content", ...FREE_PORTS, "--json"], { cwd: place.path, env: QUIET });
  const starts: { readonly id: string; readonly hashed: unknown; readonly infoHash: unknown }[] =
    [];
  for (const change of ["none", "none", "grown"] as const) {
    if (change === "grown") place.write("content/b", "6");
    await using running = start();
    const { torrents } = seedingOf(await running.event("ready"));
    const { hashed } = await running.event("published");
    running.kill("SIGINT");
    equal((await running.ended).code, 0);
    const id = readFileSync(place.at(".seedfleet/id"), "utf8");
    starts.push({ id, hashed, infoHash: torrents[0]?.infoHash });
  }
  const [first, second, third] = starts;
  deepEqual([first?.hashed, second?.hashed, third?.hashed], [true, false, true]);
  equal(first?.infoHash, second?.infoHash);
  ok(third?.infoHash !== first?.infoHash);
  deepEqual(new Set(starts.map(({ id }) => id)).size, 1);
}

async function stopsAlone(): Promise<void> {
  using place = new GivenDirectory({ content: "12345" });
  const args = ["up", "content", ...FREE_PORTS, "--json"];
  await using running = new RunningCli(args, { cwd: place.path, env: QUIET });
  const { peerAddress, torrents } = seedingOf(await running.event("ready"));
  const infoHash = parseInfoHash(torrents[0]?.infoHash ?? "");
  ok(infoHash !== null);
  const handshake = [
    ...[Buffer.from("\x13BitTorrent protocol"), Buffer.alloc(8)],
    ...[infoHashBytes(infoHash), Buffer.from("-TE0001-000000000000")],
  ];
  const [, port] = peerAddress.split(":");
  // One whose handshake is done, and one that says nothing; neither closes its side.
  const peers = [Buffer.concat(handshake), Buffer.of()].map((greeting) => {
    const peer = connect({ port: Number(port), host: "127.0.0.1", allowHalfOpen: true });
    peer.on("error", () => {}).write(greeting);
    return peer;
  });
  await once(peers[0] ?? connect(0), "data");
  const startedAtMs = performance.now();
  running.kill("SIGTERM");
  const { code, stderr } = await running.ended;
  deepEqual([code, stderr], [0, ""]);
  // Well within the deadline, at which it would end with an error.
  ok(performance.now() - startedAtMs < 8_000);
  for (const peer of peers) peer.destroy();
}

async function tellsAPerson(): Promise<void> {
  using place = new GivenDirectory({ content: "12345" });
  const args = ["up", "content", ...FREE_PORTS, "--data-dir", "some/where"];
  await using running = new RunningCli(args, { cwd: place.path, env: QUIET });
  const stdout = await running.until((said) => said.includes("Ctrl-C stops."));
  match(
    stdout,
    /^\nSeeding content \(5 B, 1 file\)\n {2}torrent URL {3}http:\/\/127\.0\.0\.1:\d+\//,
  );
  const [, file = ""] = / {2}torrent file {2}(.+)\n/.exec(stdout) ?? [];
  equal(realpathSync(file), place.at("some/where/torrents/content.torrent"));
  ok(statSync(file).size > 0);
  const topics = "xt=urn:btih:[0-9a-f]{40}&xt=urn:btmh:1220[0-9a-f]{64}";
  match(stdout, new RegExp(` {2}magnet {8}magnet:\\?${topics}&dn=content&tr=http`));
  match(stdout, / {2}for old ones {2}.+\/content\.v1\.torrent\n/);
  match(stdout, / {2}for old ones {2}magnet:\?xt=urn:btih:[0-9a-f]{40}&dn=content&tr=http/);
  match(stdout, /Only this machine can reach it\. To share, add --host/);
  running.kill("SIGINT");
  const { code, stderr } = await running.ended;
  equal(code, 0);
  deepEqual(linesOf(stderr), ["Hashed content", "", "Stopping…"]);
}

async function looksAtItself(): Promise<void> {
  using place = new GivenDirectory({ content: "12345" });
  // A name is not known to be this machine's own before it is dialled.
  const env = { ...QUIET, SEEDFLEET_GATEWAY_ADVERTISED_HOST: "localhost" };
  const args = ["up", "content", ...FREE_PORTS];
  await using reached = new RunningCli([...args, "--json"], { cwd: place.path, env });
  const { peerAddress } = seedingOf(await reached.event("ready"));
  match(peerAddress, /^localhost:\d+$/);
  deepEqual(await reached.event("reachability"), {
    ...{ event: "reachability", peerAddress, reachable: true, outcome: "reached" },
  });
  reached.kill("SIGTERM");
  equal((await reached.ended).code, 0);

  const other = { ...env, SEEDFLEET_GATEWAY_ADVERTISED_PORT: "1" };
  await using refused = new RunningCli(args, { cwd: place.path, env: other });
  await refused.until((said) => said.includes("Ctrl-C stops."));
  const told = await refused.untilError((said) => said.includes("Peers may not reach"));
  match(told, /Peers may not reach localhost:1 \(refused\): .*forward the port to this machine/);
  refused.kill("SIGTERM");
  equal((await refused.ended).code, 0);
}

async function answers({ peerAddress, consoleUrl, trackerUrls, adminUrl }: Seeding): Promise<void> {
  match(peerAddress, /^127\.0\.0\.1:\d+$/);
  const listed = await (await fetch(`${consoleUrl}/torrents`)).text();
  equal(JSON.parse(listed).torrents.length, 2);
  equal((await fetch(`${adminUrl}/readyz`)).status, 200);
  match(await (await fetch(`${adminUrl}/metrics`)).text(), /seedfleet_gateway_sent_bytes/);
  const [announce = ""] = trackerUrls;
  match(await (await fetch(announce)).text(), /failure reason/);
}

function seedingOf(event: CliEvent): Seeding {
  // The tests read every field they name, so one that is missing fails them.
  return event as unknown as Seeding;
}
