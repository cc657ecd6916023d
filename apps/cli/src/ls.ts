import type { CatalogEntry, CatalogSource } from "@seedfleet/contracts";
import { openCatalog } from "@seedfleet/fleet";
import { silentTelemetry } from "@seedfleet/telemetry";
import { connectFleet, type Fleet } from "./fleet-connection.ts";
import { formatBytes, formatCount } from "./format.ts";
import { countHavePieces } from "./have-pieces.ts";
import type { LsOptions } from "./ls-options.ts";
import { printable } from "./printable.ts";
import { type SourceCondition, SourceConditions } from "./source-conditions.ts";

type ListedSource = Pick<CatalogSource, "holder" | "location" | "shared"> & SourceCondition;

/** `sizeBytes` is here as everywhere before people: that of the files, without padding. */
type Listed = Omit<CatalogEntry, "sources" | "addedAtMs" | "contentBytes"> & {
  /** Only of what is incomplete; null where its holder does not say. */
  readonly havePieces?: number | null | undefined;
  readonly sources: readonly ListedSource[];
};

/** `seedfleet ls`: lists what a running fleet publishes, and how it is. */
export async function ls(options: LsOptions, print: (text: string) => void): Promise<void> {
  await using fleet = await connectFleet("ls", options.natsUrl);
  await listCatalog(fleet, { json: options.json, print });
}

export async function listCatalog(
  { bus }: Pick<Fleet, "bus">,
  { json, print }: { readonly json: boolean; readonly print: (text: string) => void },
): Promise<void> {
  const entries = await (await openCatalog(bus, silentTelemetry.log)).list();
  const conditions = await SourceConditions.read(bus);
  const listedEntries = await Promise.all(
    entries.map(async (whole): Promise<Listed> => {
      const { addedAtMs: _, contentBytes: sizeBytes, sources, ...entry } = whole;
      const listed = sources.map(({ holder, location, shared }) => {
        const source = { holder, location, shared };
        return { ...source, ...conditions.of(entry.infoHash, source) };
      });
      const torrent = { ...entry, sizeBytes, sources: listed };
      if (entry.incomplete !== true) return torrent;
      return { ...torrent, havePieces: await countHavePieces(bus, whole) };
    }),
  );
  const torrents = listedEntries.toSorted(byName);
  if (json) {
    for (const torrent of torrents) print(`${JSON.stringify({ event: "torrent", ...torrent })}\n`);
  } else print(torrents.length === 0 ? "Nothing is published\n" : torrents.map(text).join(""));
}

function byName(a: Listed, b: Listed): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return a.infoHash < b.infoHash ? -1 : 1;
}

function text({ name, sizeBytes, version, infoHash, sources, ...torrent }: Listed): string {
  const marks: string[] = [version];
  if (torrent.private) marks.push("private");
  if (torrent.incomplete === true) marks.push(incompleteText(torrent));
  const lines = [
    `${printable(name)}  ${formatBytes(sizeBytes)}  ${marks.join(", ")}  ${infoHash}`,
    ...sources.map((source) => {
      return `${source.holder}  ${printable(source.location)}  ${conditionText(source)}`;
    }),
  ];
  return `${lines.join("\n  ")}\n`;
}

/** Never 100 %: that would look complete. */
function incompleteText({
  havePieces = null,
  pieceCount,
}: Pick<Listed, "havePieces" | "pieceCount">): string {
  if (havePieces === null) return "incomplete";
  return `incomplete (${Math.min(99, Math.floor((havePieces / pieceCount) * 100))} %)`;
}

/** `ok`, or what is wrong with the content at a place. */
export function conditionText({ stalePath, badPieces, moreBadPieces }: SourceCondition): string {
  const wrong = stalePath === null ? [] : [`stale: ${printable(stalePath) || "it"} has changed`];
  const more = moreBadPieces ? "at least " : "";
  if (badPieces.length > 0) wrong.push(more + formatCount(badPieces.length, "bad piece"));
  return wrong.length === 0 ? "ok" : wrong.join(", ");
}
