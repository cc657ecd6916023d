import assert from "node:assert/strict";
import {
  type Bencoded,
  encodeDictionary,
  encodeValue,
  find,
  integerOf,
  joined,
  rawOf,
} from "@seedfleet/bencode";
import {
  dictionaryOf,
  type ExtensionViolation,
  extensionViolation,
  integerWithin,
} from "./read-extension.ts";

/** The info dictionary travels in pieces of 16 KiB, of which only the last may be shorter. */
export const METADATA_PIECE_BYTES: number = 16 * 1024;

/** As libtorrent's: a piece, and a KiB for the dictionary before it. */
export const METADATA_MESSAGE_BYTES_MAX: number = METADATA_PIECE_BYTES + 1_024;

const LIMITS = { bytesMax: METADATA_MESSAGE_BYTES_MAX, depthMax: 4, tokensMax: 64 } as const;

const TYPE = { request: 0, data: 1, reject: 2 } as const;

/** A message of `ut_metadata` (BEP 9), by which peers with a magnet get the info dictionary. */
export type MetadataMessage =
  | { readonly kind: "metadata-request" | "metadata-reject"; readonly piece: number }
  | {
      readonly kind: "metadata-data";
      readonly piece: number;
      /** The length of the whole info dictionary. */
      readonly totalSizeBytes: number;
      /** A view of what was received. */
      readonly data: Uint8Array;
    }
  /** A type to come, which BEP 9 has us let pass. */
  | { readonly kind: "metadata-unknown"; readonly type: number };

/** Reads the payload. A piece of data has exactly the length that its place in the whole gives. */
export function decodeMetadataMessage(payload: Uint8Array): MetadataMessage | ExtensionViolation {
  const dictionary = dictionaryOf(payload, LIMITS);
  const type = integerOf(find(dictionary, "msg_type"));
  const piece = integerWithin(find(dictionary, "piece"), 0);
  const known = type === TYPE.request || type === TYPE.data || type === TYPE.reject;
  if (dictionary !== null && type !== null && !known) return { kind: "metadata-unknown", type };
  if (dictionary === null || type === null || piece === null) return invalid(payload);
  if (type === TYPE.request) return { kind: "metadata-request", piece };
  if (type === TYPE.reject) return { kind: "metadata-reject", piece };
  return data(payload, dictionary, piece);
}

/** The payload of an `extended` message with the id that the receiver gave `ut_metadata`. */
export function encodeMetadataMessage(
  message: Exclude<MetadataMessage, { readonly kind: "metadata-unknown" }>,
): Uint8Array {
  const { piece } = message;
  switch (message.kind) {
    case "metadata-request":
      return encode(TYPE.request, piece);
    case "metadata-reject":
      return encode(TYPE.reject, piece);
    case "metadata-data": {
      const { totalSizeBytes } = message;
      assert.equal(message.data.length, pieceLength(piece, totalSizeBytes));
      return Buffer.concat([encode(TYPE.data, piece, totalSizeBytes), message.data]);
    }
  }
}

function data(
  payload: Uint8Array,
  dictionary: Bencoded,
  piece: number,
): MetadataMessage | ExtensionViolation {
  const totalSizeBytes = integerWithin(find(dictionary, "total_size"), 1);
  const bytes = payload.subarray(rawOf(dictionary).length);
  if (totalSizeBytes === null || bytes.length !== pieceLength(piece, totalSizeBytes)) {
    return invalid(payload);
  }
  return { kind: "metadata-data", piece, totalSizeBytes, data: bytes };
}

/** The length of one piece; less than one if there is no such piece. */
function pieceLength(piece: number, totalSizeBytes: number): number {
  return Math.min(METADATA_PIECE_BYTES, totalSizeBytes - piece * METADATA_PIECE_BYTES);
}

function encode(type: number, piece: number, totalSizeBytes: number | null = null): Uint8Array {
  return joined(
    encodeDictionary([
      ["msg_type", encodeValue(type)],
      ["piece", encodeValue(piece)],
      ["total_size", encodeValue(totalSizeBytes)],
    ]),
  );
}

function invalid(payload: Uint8Array): ExtensionViolation {
  return extensionViolation("metadata-message-invalid", payload);
}
