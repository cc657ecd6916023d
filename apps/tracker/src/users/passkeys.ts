import { hash } from "node:crypto";

/** 128 bits in hex. */
export const PASSKEY: RegExp = /^[0-9a-f]{32}$/;

/** Passkeys that announced lately, each with its user, so that they need not be hashed again. */
const REMEMBERED_MAX = 10_000;

/** A user's passkey as it is kept: whoever reads it there cannot announce by it. */
export function passkeyHash(passkey: string): string {
  return hash("sha256", passkey);
}

/** Whose passkey is whose, of those that may announce. */
export class Passkeys {
  readonly #userOfHash = new Map<string, string>();
  readonly #hashOfUser = new Map<string, string>();
  readonly #remembered = new Map<string, string>();
  /** Whether all users have been heard of: until then an unknown passkey may be somebody's. */
  known = false;

  get count(): number {
    return this.#hashOfUser.size;
  }

  admit(user: string, hashed: string): void {
    this.revoke(user);
    this.#userOfHash.set(hashed, user);
    this.#hashOfUser.set(user, hashed);
  }

  revoke(user: string): void {
    const hashed = this.#hashOfUser.get(user);
    if (hashed === undefined) return;
    this.#hashOfUser.delete(user);
    this.#userOfHash.delete(hashed);
    this.#remembered.clear();
  }

  /** The id of the user; null if nobody has this passkey (any more). */
  userOf(passkey: string): string | null {
    const remembered = this.#remembered.get(passkey);
    if (remembered !== undefined) return remembered;
    if (!PASSKEY.test(passkey)) return null;
    const user = this.#userOfHash.get(passkeyHash(passkey));
    if (user === undefined) return null;
    if (this.#remembered.size >= REMEMBERED_MAX) this.#remembered.clear();
    this.#remembered.set(passkey, user);
    return user;
  }
}
