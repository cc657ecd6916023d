import { equal } from "node:assert/strict";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { requireRealPart } from "@seedfleet/testkit";
import { freePort } from "./free-port.ts";
import { type EncryptedPayload, encryptedOnly, startLibtorrent } from "./libtorrent.ts";
import { RunningProgram } from "./running-program.ts";
import { sameTree, sameTreeButEmpty } from "./same-tree.ts";
import type { TestHost } from "./test-host.ts";

/** What to download, and where to. */
export type Download = {
  readonly host: TestHost;
  /** Or a magnet link: every client takes either in the same place. */
  readonly torrentFile: string;
  /** An empty directory of the client's own; it is made. */
  readonly directory: string;
  readonly bytesPerSecondMax?: number;
  /** Only by connections that are encrypted, at least in their handshake. */
  readonly encrypted?: EncryptedPayload;
};

/** A client that runs until it has everything. */
export type DownloadClient = {
  readonly name: string;
  /** Transmission before 4 cannot even read one; it takes the v1 torrent of the same pieces. */
  readonly opensHybrids: boolean;
  start(download: Download): Promise<RunningProgram>;
  /** Waits for its end; fails with what it said if that is none of a download. */
  completed(program: RunningProgram): Promise<void>;
  /** Fails unless it made the expected tree out of the torrent's directory. */
  expectSame(directory: string, expected: string): Promise<void>;
};

export const libtorrentClient: DownloadClient = {
  name: "libtorrent",
  opensHybrids: true,
  start({ torrentFile, encrypted, ...download }) {
    const settings = encrypted === undefined ? {} : encryptedOnly(encrypted);
    return startLibtorrent({ ...download, torrent: torrentFile, settings });
  },
  completed: (program) => program.succeeded(),
  expectSame: sameTree,
};

/** aria2's names of what follows an encrypted handshake. */
const ARIA2_LEVELS = { plaintext: "plain", rc4: "arc4" } as const;

export const aria2Client: DownloadClient = {
  name: "aria2c",
  opensHybrids: true,
  async start({ host, torrentFile, directory, encrypted }) {
    await mkdir(directory, { recursive: true });
    const encryption =
      encrypted === undefined
        ? []
        : ["--bt-require-crypto=true", `--bt-min-crypto-level=${ARIA2_LEVELS[encrypted]}`];
    return RunningProgram.start(
      host.command(
        requireRealPart("aria2c"),
        "--no-conf",
        "--seed-time=0",
        "--enable-dht=false",
        "--bt-enable-lpd=false",
        "--summary-interval=0",
        `--dir=${directory}`,
        ...encryption,
        torrentFile,
      ),
    );
  },
  completed: (program) => program.succeeded(),
  expectSame: sameTree,
};

/**
 * With its own defaults, uTP first and encryption preferred. On 127.0.0.1 it goes to nobody a
 * tracker tells it of, so there it is the gateway that comes to it.
 */
export const transmissionClient: DownloadClient = {
  name: "transmission-cli",
  opensHybrids: false,
  async start({ host, torrentFile, directory, encrypted }) {
    const config = `${directory}.transmission`;
    const finished = join(config, "finished.sh");
    await mkdir(directory, { recursive: true });
    await mkdir(config, { recursive: true });
    // It would seed for ever; its own script, run when all is there, ends it.
    await writeFile(finished, '#!/bin/sh\nkill "$PPID"\n');
    await chmod(finished, 0o755);
    return RunningProgram.start(
      host.command(
        requireRealPart("transmission-cli"),
        "--no-portmap",
        `--config-dir=${config}`,
        `--download-dir=${directory}`,
        `--port=${await freePort()}`,
        `--finish=${finished}`,
        ...(encrypted === undefined ? [] : ["--encryption-required"]),
        torrentFile,
      ),
    );
  },
  async completed(program) {
    // Its own script's signal ends it, which is no exit code.
    equal(await program.exited(), null);
  },
  expectSame: sameTreeButEmpty,
};
