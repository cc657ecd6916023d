import {
  type ContentError,
  contentChanged,
  contentMissing,
  contentUnreadable,
} from "@seedfleet/content";
import { errorCode, errorMessage, SeedfleetError } from "@seedfleet/runtime";

/** What the system says of a path at which no regular file or directory is, any more. */
const GONE: ReadonlySet<string | null> = new Set(["ENOENT", "ENOTDIR", "ELOOP", "ENXIO"]);

const FORBIDDEN: ReadonlySet<string | null> = new Set(["EACCES", "EPERM"]);

/** Why a path that was asked for cannot be used, from what the system said of it. */
export function pathFault(path: string, cause: unknown): ContentError | SeedfleetError {
  const code = errorCode(cause);
  if (code === "ENOENT" || code === "ENOTDIR") return contentMissing(path, cause);
  if (code === "ELOOP") return contentUnreadable(path, "its links lead in a circle", cause);
  return unreadable(path, cause);
}

/** The same of a file or directory that was there a moment ago. */
export function fileFault(path: string, cause: unknown): ContentError | SeedfleetError {
  if (GONE.has(errorCode(cause))) return contentChanged(path, cause);
  return unreadable(path, cause);
}

function unreadable(path: string, cause: unknown): ContentError | SeedfleetError {
  if (cause instanceof SeedfleetError) return cause;
  const reason = FORBIDDEN.has(errorCode(cause))
    ? "this process may not read it; change its permissions or run as its owner"
    : `the system says "${errorMessage(cause)}"`;
  return contentUnreadable(path, reason, cause);
}
