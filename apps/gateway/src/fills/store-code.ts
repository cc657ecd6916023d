import type { BusErrorDetail } from "@seedfleet/bus";
import { errorCode, SeedfleetError } from "@seedfleet/runtime";

/** The store's own code where it answered, else the bus's. */
export function storeCode(error: unknown): string {
  const detail = error instanceof SeedfleetError ? (error.detail as BusErrorDetail) : null;
  if (detail?.code === "bus-remote") return detail.remoteCode;
  return errorCode(error) ?? "unknown";
}
