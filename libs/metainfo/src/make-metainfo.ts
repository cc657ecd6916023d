import assert from "node:assert/strict";
import bencode from "bencode";
import { distinctPaths } from "./distinct-paths.ts";
import {
  FILE_LENGTH_BYTES_MAX,
  FILES_MAX,
  PATH_BYTES_MAX,
  PATH_DEPTH_MAX,
  PIECE_LENGTH_BYTES_MAX,
  PIECES_MAX,
  TRACKERS_MAX,
} from "./limits.ts";
import { PIECE_HASH_BYTES } from "./metainfo.ts";
import { isUrl } from "./parse-urls.ts";
import { isPathElement, marksPadding } from "./path-element.ts";
import { trackerEntries } from "./tracker-entries.ts";
import { type MetainfoViolation, violation } from "./violation.ts";

/** What a torrent is made of, in the terms of `Metainfo`. */
export type MetainfoDraft = {
  readonly name: string;
  /** A single file has one file, whose path is the name. */
  readonly single: boolean;
  readonly files: readonly {
    readonly path: readonly string[];
    readonly lengthBytes: number;
    readonly padding?: boolean;
  }[];
  readonly pieceLengthBytes: number;
  /** The SHA-1 of every piece, one after the other. */
  readonly pieceHashes: Uint8Array;
  readonly private?: boolean;
  readonly trackers?: readonly (readonly string[])[];
  readonly webSeeds?: readonly string[];
  readonly comment?: string | null;
  readonly createdBy?: string | null;
  readonly creationDateSeconds?: number | null;
};

/**
 * Makes a .torrent file (BEP 3): canonical bencoding, text in UTF-8, equal drafts to the bit alike.
 * `parseMetainfo()` gives the draft back. It must be one that `draftViolation()` has nothing
 * against; as names and sizes come from outside, ask that first.
 */
export function makeMetainfo(draft: MetainfoDraft): Uint8Array {
  const { name, single, files, pieceLengthBytes, pieceHashes } = draft;
  assert.equal(draftViolation(draft), null);
  assert(isLength(draft.creationDateSeconds ?? 0, Number.MAX_SAFE_INTEGER));
  const content = single
    ? { length: files[0]?.lengthBytes }
    : {
        files: files.map(({ path, lengthBytes, padding }) => ({
          ...(padding ? { attr: "p" } : {}),
          length: lengthBytes,
          path,
        })),
      };
  // The encoder sorts keys by UTF-16 units where bencoding wants bytes; of ASCII keys, which ours
  // all are, the order is the same.
  return bencode.encode({
    ...trackerEntries(draft.trackers ?? []),
    comment: draft.comment,
    "created by": draft.createdBy,
    "creation date": draft.creationDateSeconds,
    info: {
      ...content,
      name,
      "piece length": pieceLengthBytes,
      pieces: pieceHashes,
      ...(draft.private ? { private: 1 } : {}),
    },
    ...(draft.webSeeds?.length ? { "url-list": draft.webSeeds } : {}),
  });
}

/**
 * What stands against making a torrent of the draft; null for nothing. A name that would not come
 * out of the torrent as it went in is among it: whoever loads the torrent would look for another.
 */
export function draftViolation(draft: MetainfoDraft): MetainfoViolation | null {
  const { name, single, files, pieceLengthBytes, pieceHashes } = draft;
  if (!isPathElement(name)) return violation({ code: "torrent-missing-name" });
  if (files.length === 0) return violation({ code: "no-files-in-torrent" });
  if (files.length > FILES_MAX) return violation({ code: "too-many-files", max: FILES_MAX });
  if (!isLength(pieceLengthBytes, PIECE_LENGTH_BYTES_MAX) || pieceLengthBytes === 0) {
    return violation({ code: "torrent-missing-piece-length", pieceLengthBytes });
  }
  if (single && (files.length > 1 || files[0]?.path.join("/") !== name)) {
    return violation({ code: "torrent-invalid-name", file: 0 });
  }
  const refused = filesViolation(files);
  if (refused !== null) return refused;

  const sizeBytes = files.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
  const pieceCount = Math.ceil(sizeBytes / pieceLengthBytes);
  const hashBytesExpected = pieceCount * PIECE_HASH_BYTES;
  if (sizeBytes === 0) return violation({ code: "torrent-invalid-length", file: null });
  if (pieceCount > PIECES_MAX) {
    return violation({ code: "too-many-pieces-in-torrent", max: PIECES_MAX });
  }
  if (pieceHashes.length !== hashBytesExpected) {
    const hashBytes = pieceHashes.length;
    return violation({ code: "torrent-invalid-hashes", hashBytes, hashBytesExpected });
  }
  return urlsViolation(draft);
}

function filesViolation(files: MetainfoDraft["files"]): MetainfoViolation | null {
  for (const [file, { path, lengthBytes, padding }] of files.entries()) {
    if (!isLength(lengthBytes, FILE_LENGTH_BYTES_MAX)) {
      return violation({ code: "torrent-invalid-length", file });
    }
    const readAsPadding = padding !== true && path.some(marksPadding);
    if (path.length === 0 || !path.every(isPathElement) || readAsPadding) {
      return violation({ code: "torrent-invalid-name", file });
    }
    const pathBytes = path.reduce((sum, element) => sum + Buffer.byteLength(element) + 1, 0);
    if (path.length > PATH_DEPTH_MAX || pathBytes > PATH_BYTES_MAX) {
      return violation({ code: "path-too-long", file });
    }
  }
  const paths = files.map(({ path, padding }) => (padding ? null : path));
  const distinct = distinctPaths(paths);
  if ("kind" in distinct) return distinct;
  const renamed = distinct.findIndex((path, file) => path !== paths[file]);
  return renamed < 0 ? null : violation({ code: "torrent-invalid-name", file: renamed });
}

function urlsViolation({ trackers = [], webSeeds = [] }: MetainfoDraft): MetainfoViolation | null {
  if (trackers.flat().length > TRACKERS_MAX) {
    return violation({ code: "too-many-trackers", max: TRACKERS_MAX });
  }
  const valid = [...trackers.flat(), ...webSeeds].every(isUrl);
  return valid ? null : violation({ code: "url-invalid" });
}

function isLength(value: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= max;
}
