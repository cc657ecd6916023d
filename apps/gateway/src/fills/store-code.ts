import type { BusErrorDetail } from "@seedfleet/bus";
import { errorCode, errorMessage, SeedfleetError } from "@seedfleet/runtime";

/** The store's own code where it answered, else the bus's. */
export function storeCode(error: unknown): string {
  const detail = busDetail(error);
  if (detail?.code === "bus-remote") return detail.remoteCode;
  return errorCode(error) ?? "unknown";
}

/** What the store said where it answered, for people; else what the bus does. */
export function storeReason(error: unknown): string {
  const detail = busDetail(error);
  return detail?.code === "bus-remote" ? detail.remoteMessage : errorMessage(error);
}

function busDetail(error: unknown): BusErrorDetail | null {
  return error instanceof SeedfleetError ? (error.detail as BusErrorDetail) : null;
}
