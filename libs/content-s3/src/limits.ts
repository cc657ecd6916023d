/**
 * A longer range is read in parts, side by side. Long enough that the wait for a store's first byte
 * is little beside it, short enough that what is asked for again after a failure is little too.
 */
export const GET_BYTES_MAX: number = 8 * 1024 * 1024;

/** Requests under way at once, each on a connection of its own; further ones wait. */
export const S3_REQUESTS_AT_ONCE_MAX = 64;

/** Of these as many for one read or one listing, so that it leaves room for others. */
export const S3_REQUESTS_EACH_MAX = 16;

/** How often a request is made before its failure is final, the first time included. */
export const S3_ATTEMPTS_MAX = 4;

/** All attempts and the waits between them; a gateway waits no longer for a piece. */
export const S3_REQUEST_MS_MAX = 60_000;

/** A store that gives no byte of an object for so long will give none on this connection. */
export const S3_READ_SILENCE_MS_MAX = 5_000;

/** A page of a listing comes as a whole, and a store may have to search its disks for it. */
export const S3_LIST_SILENCE_MS_MAX = 20_000;
