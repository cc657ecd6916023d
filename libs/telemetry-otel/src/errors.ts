import { errorCode, errorMessage, SeedfleetError } from "@seedfleet/runtime";

export type AdminPortFailure = {
  readonly code: "admin-port-in-use" | "admin-port-unusable";
  readonly host: string;
  readonly port: number;
};

export function adminPortFailed(
  { host, port }: { readonly host: string; readonly port: number },
  cause: unknown,
): SeedfleetError<AdminPortFailure> {
  const inUse = errorCode(cause) === "EADDRINUSE";
  const why = inUse ? "another process listens there" : errorMessage(cause);
  const code = inUse ? "admin-port-in-use" : "admin-port-unusable";
  const message = `Cannot listen on admin port ${host}:${port}: ${why}`;
  return new SeedfleetError(message, { code, host, port }, cause);
}
