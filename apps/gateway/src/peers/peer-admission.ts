import type { CloseReason } from "./close-reason.ts";

export type AdmissionLimits = { readonly peersMax: number; readonly peersPerAddressMax: number };

export type Refusal = Extract<CloseReason, "gateway-full" | "address-full">;

/**
 * Counts connections from their first byte on, so that half-open ones are bounded as well. An
 * origin is what `peerOrigin` makes of an address.
 */
export interface Admission {
  /** How many are in. */
  readonly count: number;
  /** Why this connection may not stay, or null; then `leave` must follow when it ends. */
  enter(origin: string): Refusal | null;
  leave(origin: string): void;
}

/** The connections of a gateway that has one thread. */
export class PeerAdmission implements Admission {
  readonly #limits: AdmissionLimits;
  readonly #perAddress = new Map<string, number>();
  #count = 0;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#count;
  }

  enter(origin: string): Refusal | null {
    const here = this.#perAddress.get(origin) ?? 0;
    if (this.#count >= this.#limits.peersMax) return "gateway-full";
    if (here >= this.#limits.peersPerAddressMax) return "address-full";
    this.#count += 1;
    this.#perAddress.set(origin, here + 1);
    return null;
  }

  leave(origin: string): void {
    const here = this.#perAddress.get(origin) ?? 0;
    this.#count -= 1;
    if (here <= 1) this.#perAddress.delete(origin);
    else this.#perAddress.set(origin, here - 1);
  }
}
