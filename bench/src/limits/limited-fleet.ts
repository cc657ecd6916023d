import { join } from "node:path";
import { BenchProcess } from "../bench-process.ts";
import { startFleetNats } from "../fleet/fleet-nats.ts";
import type { LoadTarget } from "../load/run-load.ts";
import { OWN_CHECKOUT, startUp } from "../seeders/seedfleet-up.ts";
import type { LimitKind } from "./limits-report.ts";

/** The class that is promised something. */
export const PROMISED_CLASS = "rare";

/** What the command line that sets a class may take, with its start and its connection. */
const LIMIT_MS_MAX = 30_000;

const SETTINGS: Readonly<Record<LimitKind, string>> = {
  gateway: "SEEDFLEET_GATEWAY_UPLOAD_BYTES_PER_SECOND",
  torrent: "SEEDFLEET_GATEWAY_TORRENT_UPLOAD_BYTES_PER_SECOND",
  peer: "SEEDFLEET_GATEWAY_PEER_UPLOAD_BYTES_PER_SECOND",
};

type Limited = {
  /** The benchmark's own. */
  readonly directory: string;
  readonly paths: readonly string[];
  readonly workers: number;
  readonly connections: number;
};

/** `seedfleet up` with one limit; its one torrent. */
export async function startLimited(
  { directory, paths, workers, connections }: Limited,
  { of, bytesPerSecond }: { readonly of: LimitKind; readonly bytesPerSecond: number },
  running: AsyncDisposableStack,
): Promise<LoadTarget> {
  const name = `seedfleet with a limit of the ${of}`;
  const up = await startUp(
    {
      ...{ name, root: OWN_CHECKOUT, paths, workers, unchokeSlots: connections + 1 },
      dataDirectory: join(directory, `data-${of}-${workers}`),
      env: { [SETTINGS[of]]: String(bytesPerSecond) },
    },
    running,
  );
  return { ...up, name, torrentFile: up.torrents[0]?.torrentFile ?? "" };
}

/** Two torrents of one `seedfleet up`, the first of a class that is promised a share. */
export async function startPromising(
  { directory, paths, workers, connections }: Limited,
  { promise, bytesPerSecond }: { readonly promise: number; readonly bytesPerSecond: number },
  running: AsyncDisposableStack,
): Promise<readonly LoadTarget[]> {
  const name = "seedfleet that promises";
  const dataDirectory = join(directory, `data-promise-${workers}`);
  // A fleet that a second program talks to has a bus of its own.
  const nats = await startFleetNats(directory, running);
  const up = await startUp(
    {
      ...{ name, root: OWN_CHECKOUT, paths, workers, dataDirectory },
      ...{ unchokeSlots: connections + 1, args: ["--bus", nats.url] },
      env: {
        [SETTINGS.gateway]: String(bytesPerSecond),
        SEEDFLEET_GATEWAY_UPLOAD_PROMISES: `${PROMISED_CLASS}=${promise}`,
      },
    },
    running,
  );
  const [first] = up.torrents;
  const command = {
    name: "seedfleet limit",
    program: process.execPath,
    args: [
      ...[join(OWN_CHECKOUT, "apps/cli/src/main.ts"), "limit", first?.infoHash ?? ""],
      ...["--class", PROMISED_CLASS, "--bus", nats.url, "--json"],
    ],
  };
  await BenchProcess.start(command, running).event("limited", LIMIT_MS_MAX);
  return up.torrents.map(({ torrentFile }) => ({ ...up, name, torrentFile }));
}
