import type { MetainfoViolation } from "@seedfleet/metainfo";
import { SeedfleetError } from "@seedfleet/runtime";

type WithMax = Extract<MetainfoViolation, { readonly max: number }>;
type WithFile = Extract<MetainfoViolation, { readonly file: number | null }>;
type WithNumbers = Extract<
  MetainfoViolation,
  { readonly fault: string } | { readonly version: number } | { readonly hashBytes: number }
>;
type Plain = Exclude<
  MetainfoViolation,
  WithMax | WithFile | WithNumbers | { readonly pieceLengthBytes: number | null }
>;

const MAX_WORDS: { readonly [code in WithMax["code"]]: (max: number) => string } = {
  "metainfo-too-large": (max) => `it has more than ${max} bytes`,
  "depth-exceeded": (max) => `it nests deeper than ${max}`,
  "token-limit-exceeded": (max) => `it has more than ${max} values`,
  "too-many-files": (max) => `it has more than ${max} files`,
  "too-many-pieces-in-torrent": (max) => `it has more than ${max} pieces`,
  "too-many-duplicate-filenames": (max) =>
    `files share a name, and after ${max} others not each has one of its own`,
  "too-many-trackers": (max) => `it names more than ${max} trackers`,
  "magnet-too-long": (max) => `it is longer than ${max} characters`,
};

const FILE_WORDS: { readonly [code in WithFile["code"]]: string } = {
  "torrent-invalid-name": "has a path that is none",
  "torrent-file-parse-failed": "is not described as a file",
  "torrent-missing-pieces-root": "has no root of its pieces",
  "torrent-invalid-pad-file": "cannot be padding",
  "path-too-long": "has too long a path",
  "torrent-invalid-length": "has no length that a file may have",
  "torrent-invalid-piece-layer": "has a piece layer that does not fit it",
};

const PLAIN_WORDS: { readonly [code in Plain["code"]]: string } = {
  "torrent-is-no-dict": "it is no dictionary",
  "torrent-missing-info": "it has no info dictionary",
  "torrent-missing-meta-version": "it has a file tree but does not say that it is version 2",
  "torrent-missing-file-tree": "it says that it is version 2 but has no file tree",
  "torrent-inconsistent-files": "its two versions do not have the same files",
  "torrent-missing-name": "it has no name, or a file of it has none",
  "torrent-missing-pieces": "it has no hashes of its pieces",
  "no-files-in-torrent": "it has no files",
  "url-invalid": "a URL in it is none",
  "magnet-invalid": "it does not begin with magnet:?",
  "magnet-missing-info-hash": "it has no info hash",
  "magnet-invalid-info-hash": "its info hash is none",
};

/** The violation as an error: what is wrong with `subject` in words, and its code among them. */
export function metainfoRefused(
  subject: string,
  { kind: _, ...violation }: MetainfoViolation,
): SeedfleetError {
  const words = violationWords({ kind: "violation", ...violation });
  return new SeedfleetError(`Cannot take ${subject}: ${words} (${violation.code})`, violation);
}

/** What is wrong, for a person, as the end of a sentence. Files are counted from 1. */
function violationWords(violation: MetainfoViolation): string {
  if ("max" in violation) return MAX_WORDS[violation.code](violation.max);
  if ("file" in violation) return fileWords(violation);
  switch (violation.code) {
    case "invalid-bencoding":
      return `byte ${violation.atByte} of it is no bencoding, ${violation.fault}`;
    case "torrent-unknown-version":
      return `it is of version ${violation.version}, which nobody knows yet`;
    case "torrent-missing-piece-length":
      return violation.pieceLengthBytes === null
        ? "it has no piece length"
        : `pieces cannot have ${violation.pieceLengthBytes} bytes`;
    case "torrent-invalid-hashes": {
      const { hashBytes, hashBytesExpected } = violation;
      return `it has ${hashBytes} bytes of piece hashes, where ${hashBytesExpected} were right`;
    }
    default:
      return PLAIN_WORDS[violation.code];
  }
}

function fileWords({ code, file }: WithFile): string {
  if (file !== null) return `its file ${file + 1} ${FILE_WORDS[code]}`;
  return code === "torrent-invalid-piece-layer"
    ? "it has a piece layer of no file of it"
    : "it has no length that a torrent may have";
}
