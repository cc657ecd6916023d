import { createHash } from "node:crypto";
import { int32At, writeUint32 } from "./network-order.ts";
import { SIP_KEY_BYTES, SipHash } from "./sip-hash.ts";

/** An IP address in network order, in the first 4 or 16 bytes. IPv4-mapped ones are IPv4. */
export type SourceAddress = { readonly address: Uint8Array; readonly addressBytes: 4 | 16 };

/** Whoever sent an `expired` id did receive it, at this address, some while ago. */
export type Standing = "valid" | "expired" | "forged";

const EPOCH_MS = 30_000;

/** BEP 15 has an id accepted for two minutes: what was made in the last moment of its epoch too. */
const EPOCHS_VALID = 4;

/** Two hours of epochs have numbers of their own in the first byte of an id. */
const EPOCH_MASK = 0xff;

/**
 * Connection ids (BEP 15), which show that a client receives what is sent to its address. Nothing
 * is remembered: an id is the number of its half-minute (8 bits) and a keyed hash of address and
 * half-minute (56 bits), so one hash checks it, whichever thread or replica with the same key made
 * it. The port is left out, as a client may announce from another socket than it connected from,
 * and a NAT may change it. Who shares an address with others can only speak for that address.
 */
export class ConnectionIds {
  readonly #hash: SipHash;
  readonly #words = new Int32Array(6);

  /** `key` has 16 bytes: the same in all threads, and in replicas behind one address. */
  constructor(key: Uint8Array) {
    this.#hash = new SipHash(key);
  }

  /** Writes the 8 bytes of an id at `into[8]`, where a connect response has it. */
  writeResponse(source: SourceAddress, into: Uint8Array, nowMs: number): void {
    const epoch = epochOf(nowMs);
    this.#hashOf(source, epoch);
    writeUint32(into, 8, (epoch << 24) | (this.#hash.high >>> 8));
    writeUint32(into, 12, this.#hash.low);
  }

  /** Judges the id in the first 8 bytes of a packet, in the same time whatever they are. */
  check(source: SourceAddress, packet: Uint8Array, nowMs: number): Standing {
    const first = int32At(packet, 0);
    const now = epochOf(nowMs);
    // One from the next epoch is of a replica whose clock is ahead.
    const age = ((now + 1 - (first >>> 24)) & EPOCH_MASK) - 1;
    this.#hashOf(source, now - age);
    const { high, low } = this.#hash;
    const differing = ((first << 8) ^ (high & ~EPOCH_MASK)) | (int32At(packet, 4) ^ low);
    if (differing !== 0) return "forged";
    return age <= EPOCHS_VALID ? "valid" : "expired";
  }

  #hashOf({ address, addressBytes }: SourceAddress, epoch: number): void {
    const words = this.#words;
    words[0] = int32At(address, 0);
    if (addressBytes === 4) {
      words[1] = epoch;
      return this.#hash.hash(words, 2);
    }
    words[1] = int32At(address, 4);
    words[2] = int32At(address, 8);
    words[3] = int32At(address, 12);
    words[4] = epoch;
    words[5] = 0;
    this.#hash.hash(words, 6);
  }
}

/** The key of everyone who was told the same secret. */
export function connectionIdKey(secret: string): Uint8Array {
  const digest = createHash("sha256").update(`seedfleet udp connection ids\0${secret}`).digest();
  return digest.subarray(0, SIP_KEY_BYTES);
}

function epochOf(nowMs: number): number {
  return Math.floor(nowMs / EPOCH_MS);
}
