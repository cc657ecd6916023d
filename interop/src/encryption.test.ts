import { deepEqual, equal, ok } from "node:assert/strict";
import { join } from "node:path";
import { describe, type TestContext } from "node:test";
import { realPartTest } from "@seedfleet/testkit";
import {
  aria2Client,
  type Download,
  type DownloadClient,
  libtorrentClient,
  transmissionClient,
} from "./clients.ts";
import { type GivenFiles, givenTree } from "./given-content.ts";
import { encryptedOnly, IN_THE_CLEAR, startLibtorrent, WAITS_FOR_PEERS } from "./libtorrent.ts";
import { type Ready, startUp } from "./seedfleet.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { loopbackHost as host } from "./test-host.ts";

const CLIENT_PARTS = ["python3-libtorrent", "aria2c", "transmission-cli"] as const;

const FILES: GivenFiles = { "image.iso": 3_000_000, "note.txt": 3 };

/** Each has a torrent of its own, so that none gets anything from another. */
type Case = Pick<Download, "encrypted"> & {
  readonly name: string;
  readonly client: DownloadClient;
};

/** It cannot come to the gateway, and lets nobody in who does not encrypt. */
const waiting: DownloadClient = {
  ...libtorrentClient,
  start({ torrentFile, encrypted = "rc4", ...download }) {
    const settings = { ...encryptedOnly(encrypted), ...WAITS_FOR_PEERS };
    return startLibtorrent({ ...download, torrent: torrentFile, settings });
  },
};

const CASES: readonly Case[] = [
  { name: "libtorrent, all encrypted", client: libtorrentClient, encrypted: "rc4" },
  { name: "libtorrent, its handshake", client: libtorrentClient, encrypted: "plaintext" },
  { name: "waiting libtorrent, all encrypted", client: waiting, encrypted: "rc4" },
  { name: "waiting libtorrent, its handshake", client: waiting, encrypted: "plaintext" },
  { name: "aria2, all encrypted", client: aria2Client, encrypted: "rc4" },
  { name: "aria2, its handshake", client: aria2Client, encrypted: "plaintext" },
  { name: "Transmission", client: transmissionClient, encrypted: "rc4" },
];

// Each is a fleet of its own, and waits for timers of its clients most of the time.
describe("encryption", { concurrency: true }, () => {
  for (const policy of ["allowed", "required"] as const) {
    realPartTest(CLIENT_PARTS, `a gateway serves clients that encrypt, which is ${policy}`, (t) =>
      downloadEach(t, policy),
    );
  }

  realPartTest(
    ["python3-libtorrent"],
    "a gateway that requires encryption neither takes nor serves a client without",
    refusesTheClear,
  );
});

async function downloadEach(t: TestContext, policy: "allowed" | "required"): Promise<void> {
  await using work = await temporaryDirectory();
  const trees = CASES.map(({ name }) => givenTree(join(work.path, "content", name), FILES));
  const env = { SEEDFLEET_GATEWAY_ENCRYPTION: policy };
  const up = await startUp(host, await Promise.all(trees), join(work.path, "data"), { env });
  await using _program = up.program;
  const downloads = CASES.map(async ({ name, client, encrypted }) => {
    const torrent = up.ready.torrents.find((each) => each.name === name);
    ok(torrent !== undefined && torrent.v1TorrentFile !== null && encrypted !== undefined);
    const torrentFile = client.opensHybrids ? torrent.torrentFile : torrent.v1TorrentFile;
    const directory = join(work.path, "downloads", name);
    const startedAtMs = performance.now();
    await using program = await client.start({ host, torrentFile, directory, encrypted });
    await client.completed(program);
    await client.expectSame(join(directory, name), join(work.path, "content", name));
    const payloads = program.lines.filter((line) => line.startsWith("payload "));
    if (client.name === "libtorrent") deepEqual(payloads, [`payload ${encrypted}`]);
    t.diagnostic(`${name}: ${Math.round(performance.now() - startedAtMs)} ms`);
  });
  await Promise.all(downloads);
}

async function refusesTheClear(): Promise<void> {
  await using work = await temporaryDirectory();
  const tree = await givenTree(join(work.path, "tree"), FILES);
  const env = { SEEDFLEET_GATEWAY_ENCRYPTION: "required" };
  const { program, ready } = await startUp(host, [tree], join(work.path, "data"), { env });
  await using _program = program;
  const torrent = ready.torrents[0]?.torrentFile ?? "";
  const directory = join(work.path, "client");
  await using client = await startLibtorrent({
    ...{ host, torrent, directory, settings: IN_THE_CLEAR },
  });
  // It comes to the gateway and is refused; the gateway comes to it, encrypts, and is refused.
  await client.line((line) => (line === "incoming" ? true : null));
  ok((await closedPeers(ready, "not-encrypted")) > 0);
  while ((await closedPeers(ready, "peer-closed")) === 0);
  equal(client.lines.includes("receiving"), false);
  equal(
    client.lines.some((line) => line.startsWith("peer ")),
    false,
  );
}

/** Connections that the gateway ended for this reason. */
async function closedPeers({ adminUrl }: Ready, reason: string): Promise<number> {
  const metrics = await (await fetch(`${adminUrl}/metrics`)).text();
  const line = new RegExp(
    `^seedfleet_gateway_closed_connections_total\\{(?:.*,)?reason="${reason}"(?:,.*)?\\} (\\d+)`,
    "m",
  );
  return Number(line.exec(metrics)?.[1] ?? 0);
}
