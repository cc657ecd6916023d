import { SeedfleetError } from "@seedfleet/runtime";

export type UsageError = SeedfleetError<{ readonly code: "usage" }>;

/** What is wrong with a command line, as one line that says what to do. */
export function usageError(message: string): UsageError {
  return new SeedfleetError(message, { code: "usage" });
}
