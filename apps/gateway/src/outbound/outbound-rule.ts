import { type AddressKind, addressKind } from "./address-kind.ts";

/** `auto` goes by the address that peers are told of. */
export type PrivateAddresses = "auto" | "allowed" | "refused";

/**
 * Which addresses this gateway goes to because somebody outside named them: trackers, peers and web
 * seeds of a torrent. Whoever makes a magnet, or answers for a tracker, must not have us ask the
 * machines behind our firewall.
 *
 * A gateway at a public address goes to public addresses only. One at a private address is in a
 * network of its own and goes to private addresses too, one at the loopback to all of this machine
 * as well. A setting says otherwise. Some addresses nobody is sent to (see `AddressKind`).
 */
export class OutboundRule {
  readonly #kinds: ReadonlySet<AddressKind>;

  /** `ownHost` is the address that peers are told of. */
  constructor(setting: PrivateAddresses, ownHost: string) {
    this.#kinds = new Set(kindsOf(setting, ownHost));
  }

  /** Whether an address may be gone to; false for a name, which must be resolved first. */
  allows(host: string): boolean {
    const kind = addressKind(host);
    return kind !== null && this.#kinds.has(kind);
  }
}

function kindsOf(setting: PrivateAddresses, ownHost: string): readonly AddressKind[] {
  const own = addressKind(ownHost);
  if (setting === "allowed") return ["public", "private", "loopback"];
  if (setting === "refused") return ["public"];
  if (own === "loopback") return ["public", "private", "loopback"];
  return own === "private" ? ["public", "private"] : ["public"];
}
