import { PEER_ID_BYTES, writePeerId } from "./swarm-names.ts";

/** BEP 15's packets, as far as a load needs them; numbers in network order. */
export const CONNECT_BYTES = 16;
export const ANNOUNCE_BYTES = 98;

const CONNECT_ACTION = 0;
const ANNOUNCE_ACTION = 1;
const PROTOCOL_ID = 0x417_2710_1980n;

const ACTION_AT = 8;
const TRANSACTION_AT = 12;
const HASH_AT = 16;
const HASH_BYTES = 20;
const PEER_ID_AT = HASH_AT + HASH_BYTES;
const LEFT_AT = PEER_ID_AT + PEER_ID_BYTES + 8;
const EVENT_AT = LEFT_AT + 16;
const NUM_WANT_AT = EVENT_AT + 12;
const PORT_AT = NUM_WANT_AT + 4;

const STARTED = 2;

/** What every peer lacks: all are leechers, so that any of them may be told of any other. */
const LEFT_BYTES = 1_000_000n;

const REPLY_HEADER_BYTES = 8;
const CONNECT_REPLY_BYTES = 16;
const PEERS_AT = 20;
const ENDPOINT_BYTES = 6;

/** The packet that asks for a connection id. */
export function connectPacket(transaction: number): Uint8Array {
  const bytes = new Uint8Array(CONNECT_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, PROTOCOL_ID);
  view.setUint32(ACTION_AT, CONNECT_ACTION);
  view.setUint32(TRANSACTION_AT, transaction);
  return bytes;
}

/** Announces that lie one after the other in one buffer and are written anew in place. */
export class AnnouncePackets {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;

  constructor({ count, numWant }: { readonly count: number; readonly numWant: number }) {
    this.bytes = new Uint8Array(count * ANNOUNCE_BYTES);
    this.#view = new DataView(this.bytes.buffer);
    for (let at = 0; at < this.bytes.length; at += ANNOUNCE_BYTES) {
      this.#view.setUint32(at + ACTION_AT, ANNOUNCE_ACTION);
      this.#view.setBigUint64(at + LEFT_AT, LEFT_BYTES);
      this.#view.setUint32(at + EVENT_AT, STARTED);
      this.#view.setUint32(at + NUM_WANT_AT, numWant);
    }
  }

  write(slot: number, { connectionId, transaction, hash, source, port }: AnnounceFields): void {
    const at = slot * ANNOUNCE_BYTES;
    this.bytes.set(connectionId, at);
    this.#view.setUint32(at + TRANSACTION_AT, transaction);
    this.bytes.set(hash, at + HASH_AT);
    writePeerId(this.bytes, at + PEER_ID_AT, { source, port });
    this.#view.setUint16(at + PORT_AT, port);
  }
}

export type AnnounceFields = {
  /** 8 bytes. */
  readonly connectionId: Uint8Array;
  readonly transaction: number;
  readonly hash: Uint8Array;
  readonly source: number;
  readonly port: number;
};

/** One packet of a tracker, read where it lies; filled again for each. */
export class UdpReply {
  kind: "connected" | "announced" | "refused" | "malformed" = "malformed";
  transaction = 0;
  /** Where the connection id stands (8 bytes), of "connected". */
  connectionIdAt = 0;
  leechers = 0;
  /** Where the peers stand, of "announced"; where the text stands, of "refused". */
  from = 0;
  to = 0;

  read(view: DataView, at: number, length: number): void {
    this.kind = "malformed";
    if (length < REPLY_HEADER_BYTES) return;
    const action = view.getUint32(at);
    this.transaction = view.getUint32(at + 4);
    this.from = at + REPLY_HEADER_BYTES;
    this.to = at + length;
    if (action === ANNOUNCE_ACTION) {
      if (length < PEERS_AT || (length - PEERS_AT) % ENDPOINT_BYTES !== 0) return;
      this.kind = "announced";
      this.leechers = view.getUint32(at + 12);
      this.from = at + PEERS_AT;
    } else if (action === CONNECT_ACTION) {
      if (length !== CONNECT_REPLY_BYTES) return;
      this.kind = "connected";
      this.connectionIdAt = at + REPLY_HEADER_BYTES;
    } else this.kind = "refused";
  }
}
