import type { CloseReason } from "./close-reason.ts";
import type { EncryptionPolicy } from "./open-stream.ts";

/**
 * One encrypted handshake in 256 fails with libtorrent (2.0.8 and later), which hashes a shared
 * secret wrongly that begins with a zero. With new keys the secret is another one.
 */
export const ENCRYPTED_TRIES_MAX = 2;

/**
 * Goes to a peer as the policy allows: in the clear first, as that costs least, then encrypted.
 * `dialOnce` says why there was no handshake, or null once there was one, as does this in the end.
 */
export async function dialEachWay(
  policy: EncryptionPolicy,
  dialOnce: (encrypt: boolean) => Promise<CloseReason | null>,
): Promise<CloseReason | null> {
  let reached: CloseReason | null = "peer-closed";
  if (policy !== "required") {
    reached = await dialOnce(false);
    // A peer that takes encrypted connections only closes the others without a word.
    if (reached !== "peer-closed" || policy === "off") return reached;
  }
  for (let tries = 0; tries < ENCRYPTED_TRIES_MAX && reached === "peer-closed"; tries += 1) {
    reached = await dialOnce(true);
  }
  return reached;
}
