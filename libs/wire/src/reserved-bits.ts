import assert from "node:assert/strict";

const RESERVED_BYTES = 8;

const EXTENDED_AT = 5;
const LAST_AT = 7;

const EXTENDED = 0x10;
const FAST = 0x04;
const V2 = 0x10;
const DHT = 0x01;

/** The extensions that a handshake names in its reserved bytes. */
export type ReservedBits = {
  /** The fast extension (BEP 6). */
  readonly fast: boolean;
  /** Extension messages (BEP 10). */
  readonly extended: boolean;
  /** By a v1 info hash: the sender could go on by the v2 one of the same torrent (BEP 52). */
  readonly v2: boolean;
  /** The sender takes part in the DHT and takes `port` messages (BEP 5). */
  readonly dht: boolean;
};

/** Reads the reserved bytes of a handshake; what other extensions set is passed over. */
export function reservedBits(reserved: Uint8Array): ReservedBits {
  assert.equal(reserved.length, RESERVED_BYTES);
  const last = reserved[LAST_AT] ?? 0;
  return {
    fast: (last & FAST) !== 0,
    extended: ((reserved[EXTENDED_AT] ?? 0) & EXTENDED) !== 0,
    v2: (last & V2) !== 0,
    dht: (last & DHT) !== 0,
  };
}

export function reservedBytes({ fast, extended, v2, dht }: ReservedBits): Uint8Array {
  const reserved = new Uint8Array(RESERVED_BYTES);
  reserved[EXTENDED_AT] = extended ? EXTENDED : 0;
  reserved[LAST_AT] = (fast ? FAST : 0) | (v2 ? V2 : 0) | (dht ? DHT : 0);
  return reserved;
}
