/** What every error detail carries: a code that callers compare, never the message. */
export type ErrorDetail = { readonly code: string };

/**
 * A failure of the world (bus, disk, configuration), told apart by `detail.code`.
 *
 * Each library has one union of details and makes its errors by named functions only. What a peer
 * or a client does wrong is a value, not an error; what we do wrong is an assertion.
 */
export class SeedfleetError<Detail extends ErrorDetail = ErrorDetail> extends Error {
  override readonly name = "SeedfleetError";
  readonly detail: Detail;

  constructor(message: string, detail: Detail, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.detail = detail;
  }
}

/** The code of a `SeedfleetError` or of a Node error (`ENOENT`), or null. */
export function errorCode(error: unknown): string | null {
  if (error instanceof SeedfleetError) return error.detail.code;
  const code = error instanceof Error && "code" in error ? error.code : null;
  return typeof code === "string" ? code : null;
}

/** The message of anything that was thrown, for a log field or a line to a person. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
