import { SeedfleetError } from "@seedfleet/runtime";

/** Every way content fails, told apart by `code`. `path` is absolute. */
export type ContentErrorDetail =
  | { readonly code: "content-missing"; readonly path: string }
  | { readonly code: "content-unreadable"; readonly path: string; readonly reason: string }
  /** What was to be written is not there now; what was there before still is. */
  | { readonly code: "content-unwritable"; readonly path: string; readonly reason: string }
  /** The same, because the disk or somebody's share of it is full: goes on once there is room. */
  | { readonly code: "content-full"; readonly path: string; readonly reason: string }
  /** Nothing to seed: a torrent needs at least one byte. */
  | { readonly code: "content-empty"; readonly path: string }
  /** The file is not what was listed: other bytes, other size, or gone. */
  | { readonly code: "content-changed"; readonly path: string }
  /** `path` is that of the directory; `nameHex` are the bytes of the name. */
  | {
      readonly code: "content-name-not-utf8";
      readonly path: string;
      readonly nameHex: string;
    }
  | { readonly code: "content-too-many-files"; readonly path: string; readonly max: number }
  /** An origin that does not give parts of a file cannot be seeded from. */
  | { readonly code: "content-no-ranges"; readonly path: string; readonly reason: string }
  /** The source cannot tell what lies there, and nobody named the files. */
  | { readonly code: "content-not-listable"; readonly path: string; readonly reason: string };

export type ContentError = SeedfleetError<ContentErrorDetail>;

export function contentMissing(path: string, cause?: unknown): ContentError {
  return new SeedfleetError(
    `Cannot seed ${path}: there is nothing at that path; check its spelling`,
    { code: "content-missing", path },
    cause,
  );
}

/** `reason` says what is wrong and, where somebody can, what to do about it. */
export function contentUnreadable(path: string, reason: string, cause?: unknown): ContentError {
  return new SeedfleetError(
    `Cannot read ${path}: ${reason}`,
    { code: "content-unreadable", path, reason },
    cause,
  );
}

/** `reason` says what is wrong and, where somebody can, what to do about it. */
export function contentUnwritable(path: string, reason: string, cause?: unknown): ContentError {
  return new SeedfleetError(
    `Cannot write ${path}: ${reason}`,
    { code: "content-unwritable", path, reason },
    cause,
  );
}

/** `reason` says what is full and what to do about it. */
export function contentFull(path: string, reason: string, cause?: unknown): ContentError {
  return new SeedfleetError(
    `Cannot write ${path}: ${reason}`,
    { code: "content-full", path, reason },
    cause,
  );
}

export function contentEmpty(path: string): ContentError {
  return new SeedfleetError(
    `Cannot seed ${path}: it holds no file with any bytes in it; put some there or name another`,
    { code: "content-empty", path },
  );
}

export function contentChanged(path: string, cause?: unknown): ContentError {
  return new SeedfleetError(
    `Cannot read ${path}: it has changed since it was listed; publish it again`,
    { code: "content-changed", path },
    cause,
  );
}

export function contentNameNotUtf8(directory: string, name: Uint8Array): ContentError {
  return new SeedfleetError(
    `Cannot seed ${directory}: the name ${readable(name)} in it is not UTF-8; rename it`,
    { code: "content-name-not-utf8", path: directory, nameHex: name.toHex() },
  );
}

export function contentTooManyFiles(path: string, max: number): ContentError {
  return new SeedfleetError(
    `Cannot seed ${path}: it holds more than ${max} files and directories; ` +
      "publish its parts one by one",
    { code: "content-too-many-files", path, max },
  );
}

export function contentNoRanges(path: string, reason: string): ContentError {
  return new SeedfleetError(`Cannot seed ${path}: ${reason}`, {
    code: "content-no-ranges",
    path,
    reason,
  });
}

export function contentNotListable(path: string, reason: string): ContentError {
  return new SeedfleetError(`Cannot seed ${path}: ${reason}`, {
    code: "content-not-listable",
    path,
    reason,
  });
}

/** The name as a shell takes it (`$'caf\xe9'`), so that it can be pasted into a `mv`. */
function readable(name: Uint8Array): string {
  const escaped = Array.from(name, (byte) => {
    const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x27 && byte !== 0x5c;
    return plain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`;
  });
  return `$'${escaped.join("")}'`;
}
