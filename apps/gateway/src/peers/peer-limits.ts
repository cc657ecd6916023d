/** A longer block would hold the socket from others for too long; every client asks for 16 KiB. */
export const REQUEST_LENGTH_BYTES_MAX: number = 128 * 1024;

/**
 * With so many requests waiting a peer is not read from until some are answered. It is no breach of
 * the protocol: Transmission asks for ten seconds of its rate ahead, however fast that is.
 */
export const REQUESTS_QUEUED_MAX = 2_048;

/**
 * Cancels of one peer that are looked for: one for each request, and saved up so many. As many
 * requests may be under way, twice. A block whose cancel is let fall is sent, as if it came late.
 */
export const CANCELS_MAX: number = 2 * REQUESTS_QUEUED_MAX;

/**
 * Short answers, to requests above all, that wait for a socket that is full, of a peer that is read
 * from nevertheless because it owes us blocks: one for each request that may wait, and once more.
 */
export const OUTGOING_WAITING_MAX: number = 2 * REQUESTS_QUEUED_MAX;

/**
 * Room for the longest message that a leecher has for a seed besides its bitfield, twice: PEX and
 * metadata take up to 17 KiB. Who sends all but the last byte has us hold as much.
 */
export const MESSAGE_LENGTH_BYTES_MAX: number = 32 * 1024;

/** A handshake comes with the first packet; who takes longer holds a place for nothing. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;

/** BEP 3 has clients send a keep-alive every two minutes; twice that and the peer is gone. */
export const PEER_IDLE_MS_MAX = 240_000;

/** libtorrent drops who is silent for 120 s, so we speak well before. */
export const KEEP_ALIVE_INTERVAL_MS = 60_000;

/** What one flush hands to a socket at most, so that many fast peers get turns. */
export const BATCH_BYTES_MAX: number = 1024 * 1024;

/** What one of many peers is handed: `BatchSize` says why. */
export const CROWD_BATCH_BYTES_MAX: number = 512 * 1024;

/** What a slow one is handed: a batch lies in memory until the socket has taken it. */
export const BATCH_BYTES_MIN: number = 128 * 1024;

/** With more than this share of the cache's budget in full sockets, batches are shorter. */
export const WAITING_SHARE_MAX = 0.25;

/** Or with more than this, however large the cache is: of one thread. */
export const WAITING_BYTES_MAX: number = 256 * 1024 * 1024;

/** What a peer is handed then: one block. */
export const WAITING_BATCH_BYTES_MAX: number = 16 * 1024;

/** A socket that did not take its bytes for so long has a dead peer behind it. */
export const SEND_STALL_MS_MAX = 120_000;

/** A peer is given the metadata so often; then it is rejected: it must have all of it by now. */
export const METADATA_SERVINGS_MAX = 3;

/** Whoever is rejected so often and asks on wants none; each costs us some ten microseconds. */
export const METADATA_REJECTS_MAX = 64;

/** Extension messages that make no sense: a client may have its own ideas about one or two. */
export const EXTENSION_FAULTS_MAX = 16;

/** BEP 11 has a message a minute; some send a few at first. */
export const PEX_INTERVAL_MS_MIN = 10_000;
export const PEX_BURST_MAX = 10;

/**
 * How often a peer may say that it has all, or none. BEP 6 has it once; each time takes as long as
 * the torrent has pieces, where a bitfield at least is as long.
 */
export const ALL_OR_NONE_SAID_MAX = 16;

/** Hash requests that wait for an answer: libtorrent has a handful under way. */
export const HASH_REQUESTS_QUEUED_MAX = 16;

/** Answers that take hashing of content: only who found a bad block needs them. */
export const HASHED_ANSWERS_BURST_MAX = 32;
export const HASHED_ANSWER_INTERVAL_MS_MIN = 500;

/** The pieces of the allowed-fast set (BEP 6): as many as libtorrent gives, and not many bytes. */
export const ALLOWED_FAST_PIECES_MAX = 5;
export const ALLOWED_FAST_BYTES_MAX: number = 8 * 1024 * 1024;

/** Cached pieces that a peer is told of when it is unchoked (BEP 6). */
export const SUGGESTED_PIECES_MAX = 8;
