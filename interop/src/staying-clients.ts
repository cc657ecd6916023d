import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { requireRealPart } from "@seedfleet/testkit";
import { freePort } from "./free-port.ts";
import { startLibtorrent } from "./libtorrent.ts";
import { RunningProgram } from "./running-program.ts";
import type { TestHost } from "./test-host.ts";
import { startVerifyingTransmission } from "./verifying-transmission.ts";

export type Stay = {
  readonly host: TestHost;
  readonly torrentFile: string;
  /** With the content it is checked and seeded from there, without it is downloaded to there. */
  readonly directory: string;
  readonly bytesPerSecondMax?: number;
};

/** A client that stays in the swarm until it is told to leave, whatever it has. */
export type StayingClient = {
  readonly name: string;
  /** How it tells a tracker that it leaves. */
  readonly saysStopped: readonly ("http" | "udp")[];
  start(stay: Stay): Promise<RunningProgram>;
};

/** The client tells its tracker that it has stopped, and ends, as on Ctrl-C. */
export async function leave(client: RunningProgram): Promise<void> {
  await client.stop("SIGINT");
}

export const stayingLibtorrent: StayingClient = {
  name: "libtorrent",
  saysStopped: ["http", "udp"],
  start: ({ torrentFile, ...stay }) =>
    startLibtorrent({ ...stay, torrent: torrentFile, stays: true }),
};

/**
 * aria2 1.36 speaks to UDP trackers over the socket of its IPv4 DHT: without DHT it takes them for
 * unknown URLs, and over IPv6 it speaks to none. For private torrents it asks no DHT for peers.
 */
export const stayingAria2: StayingClient = {
  name: "aria2",
  saysStopped: ["http", "udp"],
  async start({ host, torrentFile, directory, bytesPerSecondMax = 0 }) {
    await mkdir(directory, { recursive: true });
    return RunningProgram.start(
      host.command(
        requireRealPart("aria2c"),
        "--no-conf",
        "--check-integrity=true",
        "--seed-ratio=0.0",
        "--enable-dht=true",
        `--dht-file-path=${directory}.dht`,
        `--dht-listen-port=${await freePort()}`,
        `--listen-port=${await freePort()}`,
        "--bt-enable-lpd=false",
        "--enable-peer-exchange=false",
        "--summary-interval=0",
        `--max-download-limit=${bytesPerSecondMax}`,
        `--dir=${directory}`,
        torrentFile,
      ),
    );
  },
};

/**
 * transmission-cli 3.00 speaks UDP to trackers over IPv4 only. When it ends it tells those, but has
 * ended before it would have told one by HTTP; there it is gone once it is overdue.
 */
export const stayingTransmission: StayingClient = {
  name: "transmission",
  saysStopped: ["udp"],
  async start({ host, torrentFile, directory, bytesPerSecondMax }) {
    const config = `${directory}.transmission`;
    await mkdir(directory, { recursive: true });
    await mkdir(config, { recursive: true });
    // It tries uTP first, which aria2 does not speak, and TCP much later.
    await writeFile(join(config, "settings.json"), JSON.stringify({ "utp-enabled": false }));
    const limit = bytesPerSecondMax === undefined ? [] : [`${bytesPerSecondMax / 1_000}`];
    return await startVerifyingTransmission(host, [
      `--config-dir=${config}`,
      `--download-dir=${directory}`,
      `--port=${await freePort()}`,
      ...limit.map((kilobytes) => `--downlimit=${kilobytes}`),
      torrentFile,
    ]);
  },
};
