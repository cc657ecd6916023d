import { resolve } from "node:path";
import {
  DEFAULT_TORRENT_OPTIONS,
  type TorrentOptions,
  type TorrentVersion,
} from "@seedfleet/contracts";
import { parseBytes } from "@seedfleet/runtime";
import { usageError } from "./usage-error.ts";

type TextFlag = { readonly type: "string" };

/** The flags that say what the torrents that are made shall be like. */
export const TORRENT_FLAGS: {
  readonly format: TextFlag;
  readonly "piece-length": TextFlag;
  readonly private: { readonly type: "boolean" };
  readonly comment: TextFlag;
  readonly source: TextFlag;
  readonly "web-seed": TextFlag & { readonly multiple: true };
} = {
  format: { type: "string" },
  "piece-length": { type: "string" },
  private: { type: "boolean" },
  comment: { type: "string" },
  source: { type: "string" },
  "web-seed": { type: "string", multiple: true },
};

type TorrentValues = {
  readonly format?: string | undefined;
  readonly "piece-length"?: string | undefined;
  readonly private?: boolean | undefined;
  readonly comment?: string | undefined;
  readonly source?: string | undefined;
  readonly "web-seed"?: readonly string[] | undefined;
};

const TORRENT_USAGE: readonly (readonly [flag: string, meaning: string])[] = [
  ["--format FORMAT", "hybrid, v1 or v2 (hybrid: old clients and new ones can take part)"],
  ["--piece-length SIZE", "a power of two from 16KiB on, as 1MiB (chosen by size)"],
  ["--private", "peers come from the tracker only (BEP 27)"],
  ["--comment TEXT", "what the .torrent says besides"],
  ["--source TEXT", "the same, for trackers that want their own info hash"],
  ["--web-seed URL", "a server that has the files too (BEP 19); may be given several times"],
];

/** What a command's help says of these flags, its second column where the others have theirs. */
export function torrentUsage(column: number): string {
  const line = ([flag, meaning]: readonly [string, string]): string =>
    `${`  ${flag}`.padEnd(column)}${meaning}\n`;
  return TORRENT_USAGE.map(line).join("");
}

/** Throws `usage` with one line that says what to do. */
export function torrentOptions(values: TorrentValues): TorrentOptions {
  return {
    version: format(values.format ?? DEFAULT_TORRENT_OPTIONS.version),
    pieceLengthBytes: pieceLength(values["piece-length"]),
    private: values.private ?? false,
    comment: values.comment ?? null,
    source: values.source ?? null,
    webSeeds: (values["web-seed"] ?? []).map(webSeed),
  };
}

/** A path made absolute; a URL as it is. */
export function locationOf(argument: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(argument) ? argument : resolve(argument);
}

function format(value: string): TorrentVersion {
  if (value === "hybrid" || value === "v1" || value === "v2") return value;
  throw usageError(`--format is hybrid, v1 or v2, not "${value}"`);
}

function pieceLength(value: string | undefined): number | null {
  if (value === undefined) return null;
  const bytes = parseBytes(value) ?? 0;
  if (bytes >= 16_384 && bytes <= 2 ** 28 && Number.isInteger(Math.log2(bytes))) return bytes;
  throw usageError(`--piece-length is a power of two from 16KiB to 256MiB, not "${value}"`);
}

function webSeed(value: string): string {
  if (/^(https?|ftp):\/\/./.test(value) && URL.canParse(value)) return value;
  throw usageError(`--web-seed is an http, https or ftp URL, not "${value}"`);
}
