import { type ContentError, contentFull, contentUnwritable } from "@seedfleet/content";
import { errorCode, errorMessage, SeedfleetError } from "@seedfleet/runtime";

const FORBIDDEN = "this process may not write it; change its permissions or run as its owner";
const IN_THE_WAY = "a link or a file lies where a directory should; move it away";

/** What the system says when it does not let us write, and what people call that. */
const REASONS: ReadonlyMap<string | null, string> = new Map([
  ["EROFS", "its file system is read-only; mount it to be written"],
  ["EACCES", FORBIDDEN],
  ["EPERM", FORBIDDEN],
  ["EIO", "the disk reports an error; look at its health"],
  ["EFBIG", "its file system takes no file so large"],
  ["ENAMETOOLONG", "its file system takes no name so long"],
  ["EEXIST", "two of its names are one in this file system, where case may not count"],
  ["EMFILE", "too many files are open; raise the limit of this process"],
  ["ENFILE", "too many files are open on this machine; raise its limit"],
  ["ETXTBSY", "it is a program that is running; end it first"],
  ["ELOOP", IN_THE_WAY],
  ["ENOTDIR", IN_THE_WAY],
  ["EISDIR", "a directory lies where a file should; move it away"],
]);

/** Those that pass as soon as somebody makes room. */
const FULL: ReadonlyMap<string | null, string> = new Map([
  ["ENOSPC", "the disk is full; make room on it"],
  ["EDQUOT", "the disk quota of its owner is used up; make room or raise it"],
]);

/** Why a path could not be written, from what the system said of it. */
export function writeFault(path: string, cause: unknown): ContentError | SeedfleetError {
  if (cause instanceof SeedfleetError) return cause;
  const full = FULL.get(errorCode(cause));
  if (full !== undefined) return contentFull(path, full, cause);
  const reason = REASONS.get(errorCode(cause)) ?? `the system says "${errorMessage(cause)}"`;
  return contentUnwritable(path, reason, cause);
}
