import type { InfoHash } from "@seedfleet/bytes";
import type { Mirror, MirrorProgress, MirrorState } from "@seedfleet/contracts";
import { formatBytes, formatCount, formatDuration } from "./format.ts";
import { printable } from "./printable.ts";

/** The first of these that any gateway is in is what the mirror as a whole does. */
const STATES: readonly MirrorState[] = [
  ...(["complete", "partial", "downloading", "metadata", "paused", "failed"] as const),
];

const BAR_WIDTH = 10;

/** With the rest of the line this still fits a terminal of 100 columns, which must not wrap it. */
const NAME_LENGTH_MAX = 20;
const LINE_LENGTH_MAX = 99;

/** How far a mirror is, over all gateways that download it. */
export type MirrorTotals = {
  readonly infoHash: InfoHash;
  readonly name: string | null;
  /** `waiting`: no gateway has told of it. */
  readonly state: "waiting" | MirrorState;
  /** Why it is in this state or what it waits for; for people. */
  readonly reason: string | null;
  /** Those that tell of it. */
  readonly gateways: readonly string[];
  readonly pieceCount: number | null;
  readonly havePieces: number;
  /** Where files were chosen, the pieces of these; else null. */
  readonly chosenPieces: number | null;
  /** Pieces that are still to come. */
  readonly missingPieces: number;
  readonly downloadedBytes: number;
  readonly wastedBytes: number;
  readonly uploadedBytes: number;
  readonly bytesPerSecond: number;
  /** One that several gateways are connected to counts at each. */
  readonly peers: number;
  readonly seeds: number;
  /** At the pace of the moment; null where there is none. */
  readonly remainingMs: number | null;
};

/** What all gateways together tell of a mirror; `waitsFor` says why where none does. */
export function mirrorTotals(
  { infoHash, name }: Pick<Mirror, "infoHash" | "name">,
  told: readonly MirrorProgress[],
  waitsFor: string | null,
): MirrorTotals {
  const state = STATES.find((each) => told.some((one) => one.state === each)) ?? "waiting";
  const there = told.filter((one) => one.state === state);
  const known = told.find(({ pieceCount }) => pieceCount !== null);
  const sum = (of: (one: MirrorProgress) => number): number =>
    told.reduce((total, one) => total + of(one), 0);
  // Each gateway tells what the store has, and the last to hear of a piece tells least.
  const havePieces = Math.max(0, ...told.map((one) => one.havePieces));
  const bytesPerSecond = state === "downloading" ? sum((one) => one.bytesPerSecond) : 0;
  const chosen = told.flatMap((one) => one.chosen ?? []);
  const ofAll = Math.max(0, (known?.pieceCount ?? 0) - havePieces);
  const missing = chosen.length === 0 ? ofAll : Math.min(...chosen.map((one) => one.missing));
  const remaining = missing * (known?.pieceLengthBytes ?? 0);
  return {
    infoHash,
    name: told.find((one) => one.name !== null)?.name ?? name,
    state,
    reason: told.length === 0 ? waitsFor : (there.find(hasReason)?.reason ?? null),
    gateways: told.map(({ gateway }) => gateway).toSorted(),
    pieceCount: known?.pieceCount ?? null,
    havePieces,
    chosenPieces: chosen[0]?.pieces ?? null,
    missingPieces: missing,
    downloadedBytes: sum((one) => one.downloadedBytes),
    wastedBytes: sum((one) => one.wastedBytes),
    uploadedBytes: sum((one) => one.uploadedBytes),
    bytesPerSecond,
    peers: sum((one) => one.peers),
    seeds: sum((one) => one.seeds),
    remainingMs: known && bytesPerSecond > 0 ? (remaining * 1_000) / bytesPerSecond : null,
  };
}

function hasReason({ reason }: MirrorProgress): boolean {
  return reason !== null;
}

/** What a mirror is called, in so many columns at most. */
export function mirrorName(
  { name, infoHash }: Pick<MirrorTotals, "name" | "infoHash">,
  lengthMax: number = NAME_LENGTH_MAX,
): string {
  const full = name ?? infoHash;
  return printable(full.length > lengthMax ? `${full.slice(0, lengthMax - 1)}…` : full);
}

/** One line: `Mirroring debian [####      ]  40 %  1.8 MB/s  12 peers, 3 seeds  12 s left`. */
export function mirrorLine(totals: MirrorTotals): string {
  const { state } = totals;
  const shown = `Mirroring ${mirrorName(totals)}`;
  if (state !== "downloading" && state !== "partial" && state !== "complete") {
    return cut(`${shown}: ${mirrorStanding(totals)}${swarmText(totals)}`);
  }
  const share = doneShare(totals);
  const bar = "#".repeat(Math.floor(share * BAR_WIDTH)).padEnd(BAR_WIDTH);
  const percent = `${Math.floor(share * 100)}`.padStart(3);
  const rate = `${formatBytes(totals.bytesPerSecond)}/s`;
  return cut(`${shown} [${bar}] ${percent} %  ${rate}${swarmText(totals)}${leftText(totals)}`);
}

/** Where it stands, in a few words: what changes seldom. */
export function mirrorStanding({ state, reason }: MirrorTotals): string {
  const why = reason === null ? "" : `: ${printable(reason)}`;
  const words = state === "metadata" ? "asks peers for the metadata" : state;
  return words + why;
}

/** Of its pieces, or of those that were chosen, from 0 to 1. */
export function doneShare({ pieceCount, chosenPieces, missingPieces }: MirrorTotals): number {
  const wanted = chosenPieces ?? pieceCount ?? 0;
  return wanted === 0 ? 0 : Math.max(0, 1 - missingPieces / wanted);
}

function swarmText({ peers, seeds }: MirrorTotals): string {
  return peers === 0 ? "" : `  ${formatCount(peers, "peer")}, ${formatCount(seeds, "seed")}`;
}

/** Where it comes to a standstill, what it waits for. */
function leftText({ remainingMs, reason }: MirrorTotals): string {
  if (reason !== null) return `  ${printable(reason)}`;
  return remainingMs === null ? "" : `  ${formatDuration(remainingMs)} left`;
}

function cut(line: string): string {
  return line.length > LINE_LENGTH_MAX ? `${line.slice(0, LINE_LENGTH_MAX - 1)}…` : line;
}
