import type { DescribedFile, DescribedMagnet, DescribedTorrent } from "./describe-torrent.ts";
import { formatBytes, formatCount } from "./format.ts";
import { printable } from "./printable.ts";

/** More than these are seldom what is looked for, and scroll away what is above them. */
const FILES_SHOWN_MAX = 50;

/** Wide enough for the longest label and a gap. */
const LABEL_WIDTH = 14;

/** A label and its lines; without lines it is not shown. */
type Row = readonly [label: string, lines: readonly string[]];

/** A torrent for people. Whatever strangers wrote into it is made harmless to a terminal. */
export function torrentText(torrent: DescribedTorrent, { files }: { files: boolean }): string {
  const { pieceLength, pieces, creationDate } = torrent;
  return text(printable(torrent.name), [
    ...hashRows(torrent),
    ["size", sizeLines(torrent)],
    ["pieces", [`${pieces} of ${pieceLength} bytes`]],
    ["private", torrent.private ? ["yes: peers come from the trackers only"] : []],
    ["source", given(torrent.source)],
    ["comment", given(torrent.comment)],
    ["created by", given(torrent.createdBy)],
    ["created", creationDate === null ? [] : [dateText(creationDate)]],
    ["trackers", tierLines(torrent.trackers)],
    ["web seeds", torrent.webSeeds.map(printable)],
    ["http seeds", torrent.httpSeeds.map(printable)],
    ["similar", torrent.similar],
    ["collections", torrent.collections.map(printable)],
    ["files", fileLines(torrent.files, files ? torrent.files.length : FILES_SHOWN_MAX)],
  ]);
}

/** A magnet link for people, as harmless. */
export function magnetText(magnet: DescribedMagnet): string {
  const title = magnet.name === null ? "A magnet link without a name" : printable(magnet.name);
  return text(title, [
    ...hashRows(magnet),
    ["trackers", magnet.trackers.flat().map(printable)],
    ["web seeds", magnet.webSeeds.map(printable)],
    ["peers", magnet.peers.map(({ host, port }) => printable(`${host} port ${port}`))],
    ["files wanted", given(magnet.selectOnly)],
  ]);
}

function text(title: string, rows: readonly Row[]): string {
  const lines = rows.flatMap(([label, values]) =>
    values.map((value, index) => `  ${(index === 0 ? label : "").padEnd(LABEL_WIDTH)}${value}`),
  );
  return `${[title, ...lines].join("\n")}\n`;
}

function hashRows({
  infoHash,
  infoHashV2,
  version,
}: Pick<DescribedTorrent, "infoHash" | "infoHashV2" | "version">): readonly Row[] {
  return [
    ["version", [version]],
    ["info hash", given(infoHash)],
    ["info hash v2", given(infoHashV2)],
  ];
}

function given(value: string | null): readonly string[] {
  return value === null ? [] : [printable(value)];
}

/** Of the files themselves, then of the whole where that has padding between them. */
function sizeLines({ files, totalSize }: DescribedTorrent): readonly string[] {
  const stored = files.filter(({ padding }) => !padding);
  const bytes = stored.reduce((sum, { size }) => sum + size, 0);
  const line = `${formatBytes(bytes)} (${bytes} bytes), ${formatCount(stored.length, "file")}`;
  return bytes === totalSize ? [line] : [line, `with padding ${totalSize} bytes`];
}

/** A date beyond the calendar is shown as the number it is. */
function dateText(seconds: number): string {
  const date = new Date(seconds * 1_000);
  return Number.isNaN(date.getTime()) ? `${seconds} s after 1970` : date.toISOString();
}

function tierLines(tiers: readonly (readonly string[])[]): readonly string[] {
  return tiers.flatMap((urls, tier) => urls.map((url) => `tier ${tier + 1}  ${printable(url)}`));
}

function fileLines(files: readonly DescribedFile[], max: number): readonly string[] {
  const lines = files.slice(0, max).map(fileLine);
  const more = files.length - lines.length;
  return more > 0
    ? [...lines, `… and ${formatCount(more, "more file")}; --files shows all`]
    : lines;
}

function fileLine({ path, size, padding, executable, hidden, symlink }: DescribedFile): string {
  const attributes = [
    padding ? "padding" : null,
    executable ? "executable" : null,
    hidden ? "hidden" : null,
    symlink === null ? null : `link to ${printable(symlink)}`,
  ].filter((attribute) => attribute !== null);
  const marks = attributes.length === 0 ? "" : `  [${attributes.join(", ")}]`;
  return `${formatBytes(size).padStart(8)}  ${printable(path)}${marks}`;
}
