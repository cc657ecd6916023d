import { hash, randomBytes } from "node:crypto";

const KEY_BYTES = 16;

/**
 * The key of UDP connection ids. By a secret that several trackers share, a client may connect to
 * one of them and announce to another, as it does behind a load balancer; null makes one up.
 */
export function connectionIdKey(secret: string | null): Uint8Array {
  if (secret === null) return randomBytes(KEY_BYTES);
  return hash("sha256", `seedfleet tracker connection ids ${secret}`, "buffer").subarray(
    0,
    KEY_BYTES,
  );
}
