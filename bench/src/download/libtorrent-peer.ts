import { fileURLToPath } from "node:url";
import { requireRealPart } from "@seedfleet/testkit";
import { BenchProcess } from "../bench-process.ts";

const PROGRAM = fileURLToPath(new URL("libtorrent-peer.py", import.meta.url));

/** A seed hashes its content before it is there. */
const LISTENING_MS_MAX = 120_000;

export type LibtorrentOptions = {
  readonly torrent: string;
  readonly savePath: string;
  readonly seeds: boolean;
  /** 0 is no limit. */
  readonly uploadBytesPerSecond: number;
  /** The file of which the torrent is made first. */
  readonly make?: string;
  readonly pieceLengthBytes?: number;
  /** Whether each piece that came is told, as `pieces`. */
  readonly tellsPieces?: boolean;
};

/** A process that takes part in a swarm: `go` has it begin, and it tells `finished`. */
export type SwarmPeer = {
  readonly name: string;
  readonly child: BenchProcess;
  readonly port: number;
  readonly version: string;
};

/** Starts a libtorrent peer, and resolves when it listens. */
export async function startLibtorrentPeer(
  name: string,
  options: LibtorrentOptions,
  running: AsyncDisposableStack,
): Promise<SwarmPeer> {
  const program = requireRealPart("python3-libtorrent");
  const child = BenchProcess.start(
    { name, program, args: [PROGRAM, JSON.stringify(options)] },
    running,
  );
  const { port, version } = await child.event("listening", LISTENING_MS_MAX);
  return { name, child, port: Number(port), version: String(version) };
}
