import { BUDGET_BYTES_PER_SECOND_MIN, label } from "@seedfleet/contracts";
import { formatBytes, parseBytes } from "@seedfleet/runtime";
import { usageError } from "./usage-error.ts";

/** Bytes a second of a budget, or null for none of it. Throws `usage`. */
export function budgetValue(flag: string, value: string): number | null {
  if (value === "none") return null;
  const bytes = parseBytes(value);
  if (bytes !== null && bytes >= BUDGET_BYTES_PER_SECOND_MIN) return bytes;
  const least = formatBytes(BUDGET_BYTES_PER_SECOND_MIN);
  throw usageError(
    `${flag} is a number of bytes a second from ${least}, as 50MiB, or none, not "${value}"`,
  );
}

/** The name of a label, or null for none. Throws `usage`. */
export function labelValue(flag: string, value: string): string | null {
  if (value === "none") return null;
  if (label.safeParse(value).success) return value;
  throw usageError(`${flag} is a name of a-z, 0-9, - and _, or none, not "${value}"`);
}
