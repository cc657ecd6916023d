import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { requireRealPart } from "@seedfleet/testkit";
import { eventually } from "./eventually.ts";
import { freePort } from "./free-port.ts";
import { encryptedOnly, IN_THE_CLEAR, listenPort, startLibtorrent } from "./libtorrent.ts";
import { RunningProgram } from "./running-program.ts";
import type { SeededTorrent } from "./seeded-torrent.ts";
import { loopbackHost as host } from "./test-host.ts";
import { startVerifyingTransmission } from "./verifying-transmission.ts";

/** Whether a client takes connections in the clear, encrypted ones only, or both. */
export type SeedEncryption = "forced" | "off" | "any";

export type RunningSeed = { readonly program: RunningProgram; readonly port: number };

/** A client that has all of a torrent, and to which whoever wants it has to come. */
export type SeedClient = {
  readonly name: string;
  start(torrent: SeededTorrent, encryption: SeedEncryption): Promise<RunningSeed>;
};

const LIBTORRENT_SETTINGS = {
  forced: encryptedOnly("rc4"),
  off: IN_THE_CLEAR,
  any: {},
} as const;

export const libtorrentSeed: SeedClient = {
  name: "libtorrent",
  async start({ torrentFile, directory }, encryption) {
    const settings = LIBTORRENT_SETTINGS[encryption];
    const torrent = torrentFile;
    const program = await startLibtorrent({ host, torrent, directory, settings, stays: true });
    await program.line((line) => (line === "finished" ? true : null));
    return { program, port: await listenPort(program) };
  },
};

export const aria2Seed: SeedClient = {
  name: "aria2",
  async start({ torrentFile, directory }, encryption) {
    const port = await freePort();
    const forced = ["--bt-require-crypto=true", "--bt-min-crypto-level=arc4"];
    const program = RunningProgram.start(
      host.command(
        requireRealPart("aria2c"),
        "--no-conf",
        "--check-integrity=true",
        "--seed-ratio=0.0",
        "--enable-dht=false",
        "--bt-enable-lpd=false",
        "--summary-interval=0",
        `--listen-port=${port}`,
        `--dir=${directory}`,
        ...(encryption === "forced" ? forced : []),
        torrentFile,
      ),
    );
    await listening(port);
    return { program, port };
  },
};

const TRANSMISSION_SWITCHES = {
  forced: "--encryption-required",
  off: "--encryption-tolerated",
  any: "--encryption-preferred",
} as const;

export const transmissionSeed: SeedClient = {
  name: "transmission",
  async start({ torrentFile, directory }, encryption) {
    const config = `${directory}.transmission`;
    await mkdir(config, { recursive: true });
    await writeFile(join(config, "settings.json"), JSON.stringify({ "utp-enabled": false }));
    const port = await freePort();
    const program = await startVerifyingTransmission(host, [
      `--config-dir=${config}`,
      `--download-dir=${directory}`,
      `--port=${port}`,
      TRANSMISSION_SWITCHES[encryption],
      torrentFile,
    ]);
    // It takes connections before, and closes them.
    await program.line((line) => (line.startsWith("Seeding") ? true : null));
    return { program, port };
  },
};

/** Waits until somebody takes connections there. */
async function listening(port: number): Promise<void> {
  await eventually(async () => {
    const socket = connect({ host: host.address, port });
    const isOpen = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    return isOpen;
  }, true);
}
