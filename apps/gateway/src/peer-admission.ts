import type { CloseReason } from "./close-reason.ts";

/** Counts connections from their first byte on, so that half-open ones are bounded as well. */
export class PeerAdmission {
  readonly #peersMax: number;
  readonly #peersPerAddressMax: number;
  readonly #perAddress = new Map<string, number>();
  #count = 0;

  constructor(limits: { readonly peersMax: number; readonly peersPerAddressMax: number }) {
    this.#peersMax = limits.peersMax;
    this.#peersPerAddressMax = limits.peersPerAddressMax;
  }

  get count(): number {
    return this.#count;
  }

  /** Why this connection may not stay, or null; then `leave` must follow when it ends. */
  enter(address: string): Extract<CloseReason, "gateway-full" | "address-full"> | null {
    const here = this.#perAddress.get(address) ?? 0;
    if (this.#count >= this.#peersMax) return "gateway-full";
    if (here >= this.#peersPerAddressMax) return "address-full";
    this.#count += 1;
    this.#perAddress.set(address, here + 1);
    return null;
  }

  leave(address: string): void {
    const here = this.#perAddress.get(address) ?? 0;
    this.#count -= 1;
    if (here <= 1) this.#perAddress.delete(address);
    else this.#perAddress.set(address, here - 1);
  }
}
