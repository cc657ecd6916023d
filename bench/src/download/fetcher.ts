import { createInterface } from "node:readline";
import { VERSION } from "@seedfleet/runtime";
import { mirrorTorrent } from "./mirror-torrent.ts";
import { STORE, startOwnFleet, tell } from "./own-fleet.ts";

/** What a fetcher process is told, as JSON in its only argument. */
export type FetcherSpec = {
  readonly torrentFile: string;
  readonly managedRoot: string;
  /** Null is no limit. */
  readonly uploadBytesPerSecond: number | null;
  /** Whether each piece that came is told, as `pieces`. */
  readonly tellsPieces?: boolean;
};

/** A gateway and a piece-store in one process, which download one torrent. */
async function main({ torrentFile, tellsPieces, ...spec }: FetcherSpec): Promise<void> {
  await using running = new AsyncDisposableStack();
  const { bus, peerPort } = await startOwnFleet(
    { ...spec, roots: [], hasScheduler: false },
    running,
  );
  tell("listening", { port: peerPort, version: VERSION });
  const got = (piece: number): void => {
    if (tellsPieces === true) tell("pieces", { pieces: [piece] });
  };
  const lines = createInterface({ input: process.stdin });
  process.once("SIGTERM", () => lines.close());
  for await (const line of lines) {
    if (!line.startsWith("go ")) continue;
    const go: { readonly ports: readonly number[] } = JSON.parse(line.slice(3));
    const peers = go.ports.map((port) => ({ host: "127.0.0.1", port }));
    const wish = { torrentFile, holder: STORE, peers, got };
    void mirrorTorrent(bus, wish).then(() => tell("finished"));
  }
}

await main(JSON.parse(process.argv[2] ?? "null"));
