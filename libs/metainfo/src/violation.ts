import type { BencodeFault } from "@seedfleet/bencode";

/** What is wrong with a file: its index in the `files` list, or in the order of the file tree. */
type FileCode =
  | "torrent-invalid-name"
  | "torrent-file-parse-failed"
  | "torrent-missing-pieces-root"
  | "torrent-invalid-pad-file"
  | "path-too-long";

type PlainCode =
  | "torrent-is-no-dict"
  | "torrent-missing-info"
  | "torrent-missing-meta-version"
  | "torrent-missing-file-tree"
  | "torrent-inconsistent-files"
  | "torrent-missing-name"
  | "torrent-missing-pieces"
  | "no-files-in-torrent"
  | "url-invalid"
  | "magnet-invalid"
  | "magnet-missing-info-hash"
  | "magnet-invalid-info-hash";

type LimitCode =
  | "metainfo-too-large"
  | "depth-exceeded"
  | "token-limit-exceeded"
  | "too-many-files"
  | "too-many-pieces-in-torrent"
  | "too-many-duplicate-filenames"
  | "too-many-trackers"
  | "magnet-too-long";

type Detail =
  | { readonly code: PlainCode }
  | { readonly code: LimitCode; readonly max: number }
  | { readonly code: FileCode; readonly file: number }
  | {
      readonly code: "invalid-bencoding";
      readonly fault: BencodeFault;
      readonly atByte: number;
    }
  | { readonly code: "torrent-unknown-version"; readonly version: number }
  /** Null where the key is absent or is no integer. */
  | {
      readonly code: "torrent-missing-piece-length";
      readonly pieceLengthBytes: number | null;
    }
  /** `file` is null where the torrent as a whole is empty. */
  | { readonly code: "torrent-invalid-length"; readonly file: number | null }
  /** `file` is null where the layer is of no file that has one. */
  | { readonly code: "torrent-invalid-piece-layer"; readonly file: number | null }
  /** Of the SHA-1 of pieces, or when a torrent is made, of either version's hashes. */
  | {
      readonly code: "torrent-invalid-hashes";
      readonly hashBytes: number;
      readonly hashBytesExpected: number;
    };

/**
 * Why bytes are no metainfo we take, or text no magnet. The codes are libtorrent's error names in
 * kebab-case wherever it has one, so that an operator finds them in either's documentation.
 */
export type MetainfoViolation = { readonly kind: "violation" } & Detail;

export function violation(detail: Detail): MetainfoViolation {
  return { kind: "violation", ...detail };
}

export function invalidBencoding(fault: BencodeFault, atByte: number): MetainfoViolation {
  return violation({ code: "invalid-bencoding", fault, atByte });
}
