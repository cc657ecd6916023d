import { PIECES_MAX } from "@seedfleet/metainfo";

/** Connections and dials of one fetch at a time: some of them have what is wanted, or know who. */
export const METADATA_PEERS_MAX = 24;

/** Dials among them: addresses that lead nowhere do not keep out those that came later. */
export const METADATA_DIALS_MAX = 12;

/** The longest message is a bitfield, of a torrent of which nothing is known yet. */
export const METADATA_MESSAGE_BYTES_MAX: number = 1 + PIECES_MAX / 8;

/** What a peer may send that is of no use to us: its bitfield, and many a `have`. */
export const USELESS_BYTES_MAX: number = 1024 * 1024;

/** Who has given nothing for so long makes room, where others wait. */
export const USELESS_MS_MAX = 30_000;

/** Who is here so long makes room where others wait, however much it gives: it may trickle. */
export const METADATA_PEER_MS_MAX = 120_000;

/** Of a hybrid the SHA-1 of the pieces are enough, so its piece layers are waited for so long. */
export const HYBRID_LAYERS_MS_MAX = 30_000;

/** Addresses that one peer may tell of (BEP 11): two messages full. */
export const PEX_PEERS_OF_PEER_MAX = 200;
