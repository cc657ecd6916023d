import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { requireRealPart } from "@seedfleet/testkit";
import { RunningProgram } from "./running-program.ts";
import type { TestHost } from "./test-host.ts";

const SCRIPT = join(import.meta.dirname, "libtorrent-client.py");

/** libtorrent's own numbers. */
const ENCRYPTION_FORCED = 0;
const ENCRYPTION_DISABLED = 2;
const ENCRYPTION_LEVELS = { plaintext: 1, rc4: 2 } as const;

/** What follows an encrypted handshake. */
export type EncryptedPayload = keyof typeof ENCRYPTION_LEVELS;

export type LibtorrentSettings = Readonly<Record<string, number | boolean | string>>;

export type LibtorrentOptions = {
  readonly host: TestHost;
  /** A `.torrent` file or a magnet link. */
  readonly torrent: string;
  readonly directory: string;
  readonly settings?: LibtorrentSettings;
  readonly bytesPerSecondMax?: number;
  readonly withoutTrackers?: boolean;
  /** It has none of the files downloaded, which makes a partial seed of it (BEP 21). */
  readonly wantsNothing?: boolean;
  /** It takes the content for whole without a look. */
  readonly seedMode?: boolean;
  /** It stays when it has everything, until SIGINT. */
  readonly stays?: boolean;
  /** It says how many pieces it has. */
  readonly tellsPieces?: boolean;
  /** Addresses and ports to connect to. */
  readonly peers?: readonly (readonly [string, number])[];
};

/** It takes part by encrypted connections only, whoever opens them. */
export function encryptedOnly(payload: EncryptedPayload): LibtorrentSettings {
  return {
    out_enc_policy: ENCRYPTION_FORCED,
    in_enc_policy: ENCRYPTION_FORCED,
    allowed_enc_level: ENCRYPTION_LEVELS[payload],
  };
}

/** It opens and takes connections in the clear only. */
export const IN_THE_CLEAR: LibtorrentSettings = {
  out_enc_policy: ENCRYPTION_DISABLED,
  in_enc_policy: ENCRYPTION_DISABLED,
};

/** It opens no connection, as behind a firewall: whoever wants to talk to it has to come. */
export const WAITS_FOR_PEERS: LibtorrentSettings = {
  enable_outgoing_tcp: false,
  enable_outgoing_utp: false,
};

/** It takes no connection that another opens, as behind a NAT. */
export const LETS_NOBODY_IN: LibtorrentSettings = {
  enable_incoming_tcp: false,
  enable_incoming_utp: false,
};

/** Starts libtorrent; what it says is described in the script. */
export async function startLibtorrent(options: LibtorrentOptions): Promise<RunningProgram> {
  const { host, directory, ...others } = options;
  await mkdir(directory, { recursive: true });
  const python = requireRealPart("python3-libtorrent");
  const told = JSON.stringify({ ...others, host: host.address, savePath: directory });
  return RunningProgram.start(host.command(python, SCRIPT, told));
}

/** The port that it listens on. */
export function listenPort(client: RunningProgram): Promise<number> {
  return client.line((line) => {
    const [, port = null] = /^listening (\d+)$/.exec(line) ?? [];
    return port === null ? null : Number(port);
  });
}

/** From now on it downloads as fast as it can. */
export function liftLimit(client: RunningProgram): void {
  process.kill(client.pid, "SIGUSR1");
}

/** The longest that a client that has finished waited for bytes. */
export function longestWaitMs(client: RunningProgram): number {
  const lines = client.lines.map((line) => /^longest wait (\d+)$/.exec(line)?.[1]);
  return Number(lines.find((found) => found !== undefined) ?? Number.NaN);
}
