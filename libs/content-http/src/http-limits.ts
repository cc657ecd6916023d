/**
 * Connections to one origin, in use or idle. As many reads as a piece-store has under way twice
 * over, and few enough that no origin takes us for a flood.
 */
export const CONNECTIONS_PER_ORIGIN_MAX = 16;

/** Requests of one read or one listing; half of the connections, so that none has them all. */
export const REQUESTS_AT_ONCE_MAX = 8;

/** Origins close idle connections after 5 to 75 seconds; they need not wait for it. */
export const CONNECTION_IDLE_MS_MAX = 10_000;

/** The first try and three more: over a second and a half, which is a restart behind a proxy. */
export const ATTEMPTS_MAX = 4;

/** No attempt begins later than this after the first: whoever waits for the bytes gives up too. */
export const RETRY_MS_MAX = 20_000;

/** Half of the time that there is for all attempts. */
export const RETRY_AFTER_MS_MAX = 10_000;

/** For a connection, an answer or its next byte. A gateway waits no longer for a part either. */
export const STALL_MS_MAX = 5_000;

/** A chunk of 16 MiB comes at 140 KB/s by then; it also ends what sends a byte now and then. */
export const REQUEST_MS_MAX = 120_000;

/** A mirror needs one or two; more than this is a circle. */
export const REDIRECTS_MAX = 5;

/** Far below the minutes for which a signed URL is good, yet it saves most of the requests. */
export const REDIRECT_MS_MAX = 60_000;

/** Two URLs each, so a few MB. */
export const REDIRECTS_KEPT_MAX = 4_096;

/** As Node's own default; the tracker takes no more either. */
export const HEADER_BYTES_MAX: number = 16 * 1024;

/** An error page is read to its end if it is short, because a new connection costs more. */
export const DISCARDED_BYTES_MAX: number = 64 * 1024;
