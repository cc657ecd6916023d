import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BenchError } from "../bench-error.ts";
import { BenchProcess } from "../bench-process.ts";

export const OWN_CHECKOUT: string = fileURLToPath(new URL("../../..", import.meta.url));

/** Hashing the content is part of a start. */
const READY_MS_MAX = 300_000;

export type UpCommand = {
  readonly name: string;
  /** The checkout it is run from. */
  readonly root: string;
  readonly paths: readonly string[];
  readonly dataDirectory: string;
  readonly unchokeSlots: number;
  readonly workers: number;
  readonly args?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
};

/** `seedfleet up` that is ready. */
export type SeedfleetUp = {
  readonly child: BenchProcess;
  readonly pid: number;
  readonly adminUrl: string;
  readonly host: string;
  readonly port: number;
  readonly torrents: readonly UpTorrent[];
};

export type UpTorrent = {
  readonly name: string;
  readonly infoHash: string;
  readonly torrentFile: string;
};

/** Starts `seedfleet up` on free ports, all five services in one process. */
export async function startUp(
  { name, root, paths, dataDirectory, unchokeSlots, workers, args = [], env }: UpCommand,
  running: AsyncDisposableStack,
): Promise<SeedfleetUp> {
  const freePorts = ["--peer-port", "--tracker-port", "--console-port"].flatMap((at) => [at, "0"]);
  const command = {
    name,
    program: process.execPath,
    args: [
      join(root, "apps/cli/src/main.ts"),
      ...["up", ...paths, "--json", ...freePorts, "--data-dir", dataDirectory],
      ...["--unchoke-slots", String(unchokeSlots)],
      // A checkout from before there were workers does not know the flag.
      ...(workers > 1 ? ["--workers", String(workers)] : []),
      ...args,
    ],
    env: { SEEDFLEET_LOG_LEVEL: "warn", ...env },
  };
  const child = BenchProcess.start(command, running);
  const { peerAddress, adminUrl, torrents } = (await child.event("ready", READY_MS_MAX)) as {
    readonly peerAddress: string;
    readonly adminUrl: string;
    readonly torrents: readonly UpTorrent[];
  };
  if (torrents.length === 0) throw new BenchError(`${name} seeds nothing`);
  const colon = peerAddress.lastIndexOf(":");
  return {
    child,
    pid: child.pid,
    adminUrl,
    host: peerAddress.slice(0, colon),
    port: Number(peerAddress.slice(colon + 1)),
    torrents,
  };
}
