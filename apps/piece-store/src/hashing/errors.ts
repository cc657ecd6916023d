import { errorMessage, SeedfleetError } from "@seedfleet/runtime";

/** What hashing fails for, beside the errors of the content port. */
export type HashErrorDetail =
  | { readonly code: "hash-thread-died"; readonly reason: string }
  | { readonly code: "hash-stopped"; readonly path: string };

export type HashError = SeedfleetError<HashErrorDetail>;

export function hashThreadDied(cause: unknown): HashError {
  const reason = errorMessage(cause);
  return new SeedfleetError(
    `Cannot go on hashing: a hash thread ended (${reason})`,
    { code: "hash-thread-died", reason },
    cause,
  );
}

export function hashStopped(path: string): HashError {
  return new SeedfleetError(`Cannot hash ${path}: the piece-store is stopping; publish it again`, {
    code: "hash-stopped",
    path,
  });
}
