/** A longer block would hold the socket from others for too long; every client asks for 16 KiB. */
export const REQUEST_LENGTH_BYTES_MAX: number = 128 * 1024;

/**
 * With so many requests waiting a peer is not read from until some are answered. It is no breach of
 * the protocol: Transmission asks for ten seconds of its rate ahead, however fast that is.
 */
export const REQUESTS_QUEUED_MAX = 2_048;

/** Room for the longest message of a leecher besides its bitfield: a piece or an extension's. */
export const MESSAGE_LENGTH_BYTES_MAX: number = 9 + REQUEST_LENGTH_BYTES_MAX;

/** A handshake comes with the first packet; who takes longer holds a place for nothing. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;

/** BEP 3 has clients send a keep-alive every two minutes; twice that and the peer is gone. */
export const PEER_IDLE_MS_MAX = 240_000;

/** libtorrent drops who is silent for 120 s, so we speak well before. */
export const KEEP_ALIVE_INTERVAL_MS = 60_000;

/** What one flush hands to a socket at most, so that many fast peers get turns. */
export const BATCH_BYTES_MAX: number = 1024 * 1024;

/** A socket that did not take its bytes for so long has a dead peer behind it. */
export const SEND_STALL_MS_MAX = 120_000;
