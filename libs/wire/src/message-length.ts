import { HASH_BYTES, MESSAGE_ID } from "./message.ts";

/** Piece index and begin, before the data of a `piece` message. */
export const PIECE_FIELDS_BYTES = 8;

/** Piece index, begin and length. */
export const BLOCK_FIELDS_BYTES = 12;

/** The pieces root and four numbers. */
export const HASH_RANGE_BYTES: number = HASH_BYTES + 16;

/** The length behind the id, of the messages that have but one. */
const FIXED_BYTES: Readonly<Record<number, number>> = {
  [MESSAGE_ID.choke]: 0,
  [MESSAGE_ID.unchoke]: 0,
  [MESSAGE_ID.interested]: 0,
  [MESSAGE_ID["not-interested"]]: 0,
  [MESSAGE_ID.have]: 4,
  [MESSAGE_ID.request]: BLOCK_FIELDS_BYTES,
  [MESSAGE_ID.cancel]: BLOCK_FIELDS_BYTES,
  [MESSAGE_ID.port]: 2,
  [MESSAGE_ID["suggest-piece"]]: 4,
  [MESSAGE_ID["have-all"]]: 0,
  [MESSAGE_ID["have-none"]]: 0,
  [MESSAGE_ID["reject-request"]]: BLOCK_FIELDS_BYTES,
  [MESSAGE_ID["allowed-fast"]]: 4,
  [MESSAGE_ID["hash-request"]]: HASH_RANGE_BYTES,
  [MESSAGE_ID["hash-reject"]]: HASH_RANGE_BYTES,
};

/** Whether a message of this id may have so many bytes behind the id; any if it is unknown. */
export function isBodyLength(id: number, length: number): boolean {
  switch (id) {
    case MESSAGE_ID.piece:
      return length >= PIECE_FIELDS_BYTES;
    case MESSAGE_ID.extended:
      return length >= 1;
    case MESSAGE_ID.hashes:
      return length >= HASH_RANGE_BYTES && (length - HASH_RANGE_BYTES) % HASH_BYTES === 0;
    default:
      return length === (FIXED_BYTES[id] ?? length);
  }
}
