import type { CatalogEntry, CatalogSource } from "@seedfleet/contracts";
import { openCatalog } from "@seedfleet/fleet";
import { silentTelemetry } from "@seedfleet/telemetry";
import { connectFleet, type Fleet } from "./fleet-connection.ts";
import { formatBytes, formatCount } from "./format.ts";
import type { LsOptions } from "./ls-options.ts";
import { printable } from "./printable.ts";
import { type SourceCondition, SourceConditions } from "./source-conditions.ts";

type ListedSource = Pick<CatalogSource, "holder" | "location" | "shared"> & SourceCondition;

/** `sizeBytes` is here as everywhere before people: that of the files, without padding. */
type Listed = Omit<CatalogEntry, "sources" | "addedAtMs" | "contentBytes"> & {
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
  const torrents = entries
    .map(({ addedAtMs: _, contentBytes: sizeBytes, sources, ...entry }): Listed => {
      const listed = sources.map(({ holder, location, shared }) => {
        const source = { holder, location, shared };
        return { ...source, ...conditions.of(entry.infoHash, source) };
      });
      return { ...entry, sizeBytes, sources: listed };
    })
    .toSorted(byName);
  if (json) {
    for (const torrent of torrents) print(`${JSON.stringify({ event: "torrent", ...torrent })}\n`);
  } else print(torrents.length === 0 ? "Nothing is published\n" : torrents.map(text).join(""));
}

function byName(a: Listed, b: Listed): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return a.infoHash < b.infoHash ? -1 : 1;
}

function text({ name, sizeBytes, version, infoHash, sources, ...torrent }: Listed): string {
  const marks = torrent.private ? `${version}, private` : version;
  const lines = [
    `${printable(name)}  ${formatBytes(sizeBytes)}  ${marks}  ${infoHash}`,
    ...sources.map((source) => {
      return `${source.holder}  ${printable(source.location)}  ${conditionText(source)}`;
    }),
  ];
  return `${lines.join("\n  ")}\n`;
}

/** `ok`, or what is wrong with the content at a place. */
export function conditionText({ stalePath, badPieces, moreBadPieces }: SourceCondition): string {
  const wrong = stalePath === null ? [] : [`stale: ${printable(stalePath) || "it"} has changed`];
  const more = moreBadPieces ? "at least " : "";
  if (badPieces.length > 0) wrong.push(more + formatCount(badPieces.length, "bad piece"));
  return wrong.length === 0 ? "ok" : wrong.join(", ");
}
