import { errorCode, SeedfleetError } from "./errors.ts";

export type CannotListenDetail = {
  readonly code: "port-in-use" | "address-unusable";
  /** What would listen there: "peers", "the tracker", … */
  readonly purpose: string;
  readonly host: string;
  readonly port: number;
};

/** A socket that could not be bound, as one line that says what to do. */
export function cannotListen(
  at: { readonly purpose: string; readonly host: string; readonly port: number },
  cause: unknown,
): SeedfleetError<CannotListenDetail> {
  const inUse = errorCode(cause) === "EADDRINUSE";
  const detail = { code: inUse ? "port-in-use" : "address-unusable", ...at } as const;
  const where = `${at.host.includes(":") ? `[${at.host}]` : at.host}:${at.port}`;
  return new SeedfleetError(
    `Cannot listen on ${where} for ${at.purpose}: ${reason(cause)}`,
    detail,
    cause,
  );
}

function reason(cause: unknown): string {
  switch (errorCode(cause)) {
    case "EADDRINUSE":
      return "the port is in use; stop the other program, choose another port, or 0 for a free one";
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return "this machine has no such address";
    case "EACCES":
      return "ports below 1024 need more rights; choose a higher one";
    default:
      return cause instanceof Error ? cause.message : String(cause);
  }
}
