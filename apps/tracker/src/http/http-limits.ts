/** The longest query we take, twice, for the other headers: an announce has some hundred bytes. */
export const HEADER_BYTES_MAX = 16_384;

/** A client sends its request in one packet; who takes longer holds a connection for nothing. */
export const HEADERS_TIMEOUT_MS = 10_000;

/** Long enough for an announce of several torrents in a row, short enough to free descriptors. */
export const KEEP_ALIVE_TIMEOUT_MS = 5_000;

/** Whoever does not take its reply for so long is gone. */
export const SOCKET_IDLE_TIMEOUT_MS = 20_000;

/** How often connections past their time are looked for. */
export const TIMEOUT_CHECK_INTERVAL_MS = 1_000;

/** Bounds what one connection may ask before others get their turn to connect. */
export const REQUESTS_PER_CONNECTION_MAX = 10_000;

/** Answers to one connection in a row, of the longest some 2 ms; then others get their turn. */
export const ANSWERS_PER_TURN_MAX = 64;

/** How long a client that was refused may take to read why; what it sends meanwhile is dropped. */
export const REFUSED_LINGER_MS = 2_000;

/**
 * Replies are written here before a socket takes them. A client that takes none keeps one such
 * buffer, so it is no longer than the replies that are flushed together and one more.
 */
export const REPLY_BUFFER_BYTES = 20_480;

/** Connections the kernel holds for us until they are accepted; Linux caps it at somaxconn. */
export const ACCEPT_BACKLOG = 4_096;

/** Connections taken in a row, some 2 ms; the others wait for the next turn. */
export const ACCEPTS_PER_TURN_MAX = 128;

/** In a crowd, how often one that has said nothing is looked at before Node.js has it. */
export const SILENT_TURNS_MAX = 8;

/** In a crowd, how often those that wait are looked for. */
export const ACCEPT_INTERVAL_MS = 1;

/** What is read of a connection before it is known what it wants; an announce has some 300. */
export const FIRST_READ_BYTES = 4_096;
