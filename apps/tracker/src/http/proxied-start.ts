import type { AddressBytes } from "../addresses/address-bytes.ts";
import { readProxyHeader } from "../addresses/proxy-header.ts";

/** What a connection from a proxy begins with: a header of the PROXY protocol, however cut. */
export class ProxiedStart {
  #held: Buffer | null = null;

  /**
   * Writes the address that the header says over `address`, and gives what follows it, which may be
   * nothing. Null until all of it is there; "broken" if it is none.
   */
  push(chunk: Buffer, address: AddressBytes): Buffer | "broken" | null {
    const held = this.#held;
    const bytes = held === null ? chunk : Buffer.concat([held, chunk]);
    const length = readProxyHeader(bytes, address);
    if (length < 0) return "broken";
    this.#held = length === 0 ? bytes : null;
    return length === 0 ? null : bytes.subarray(length);
  }
}
