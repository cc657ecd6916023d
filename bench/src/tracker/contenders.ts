import { type TrackerName, trackerLabel } from "./tracker-name.ts";
import type { TrackerOptions } from "./tracker-options.ts";
import type { RowKind, TrackerRow } from "./tracker-rows.ts";

/** A tracker in a row, and how it is set up there. */
export type Contender = {
  readonly label: string;
  readonly name: TrackerName;
  readonly workers: number;
  readonly telemetry: boolean;
};

/** Who is compared in a row; the first against each other one. Nobody when none can be. */
export function contendersOf(
  row: TrackerRow,
  { trackers, workers }: Pick<TrackerOptions, "trackers" | "workers">,
): readonly Contender[] {
  const plain = trackers
    .filter((name) => speaks(name, row))
    .map((name) => ({ label: trackerLabel(name), name, workers: 1, telemetry: false }));
  const [ours] = plain.filter(({ name }) => name.kind === "seedfleet");
  const changes: Partial<Record<RowKind, Partial<Contender>>> = {
    workers: { workers, label: `${ours?.label} ×${workers}` },
    telemetry: { telemetry: true, label: `${ours?.label}, watched` },
  };
  const change = changes[row.kind];
  if (change === undefined) return plain;
  return ours === undefined ? [] : [{ ...ours, ...change }, ours];
}

/** Debian's opentracker closes every connection after its answer. */
function speaks(name: TrackerName, { clients }: TrackerRow): boolean {
  if (name.kind === "running") return (clients.kind === "udp" ? name.udp : name.http) !== null;
  return name.kind !== "opentracker" || clients.kind === "udp" || !clients.keepAlive;
}
