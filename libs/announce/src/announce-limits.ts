/** As a dictionary each, a thousand peers take some 100 KB; libtorrent reads 1 MiB. */
export const TRACKER_ANSWER_BYTES_MAX: number = 256 * 1024;

/** Of one answer; those beyond are left out. We ask for `NUM_WANT`. */
export const TRACKER_PEERS_MAX = 1_000;

/** Values of a bencoded answer: seven for a peer that is a dictionary. */
export const TRACKER_ANSWER_TOKENS_MAX = 16_384;

/** Characters of a reason or a warning, which end up in logs and on screens. */
export const TRACKER_TEXT_LENGTH_MAX = 200;

/** It is sent back with every announce, in a URL. */
export const TRACKER_ID_BYTES_MAX = 256;

/** Of one torrent; those beyond are left out. */
export const TRACKERS_TRIED_MAX = 64;

export const TRACKER_URL_LENGTH_MAX = 2_048;

/** Bounds of what a tracker may ask for as its interval, its minimum, or to stay away. */
export const INTERVAL_MS_MIN = 60_000;
export const INTERVAL_MS_MAX = 7_200_000;

/** What public trackers ask for; of answers that do not say. */
export const INTERVAL_MS_DEFAULT = 1_800_000;

/** How soon to ask again for want of peers, of trackers that name no minimum. */
export const EARLY_INTERVAL_MS = 300_000;

/** After a failure, twice as long after each further one. */
export const BACKOFF_MS_MIN = 15_000;
export const BACKOFF_MS_MAX = 1_800_000;

/**
 * How often a packet is sent to a UDP tracker before it counts as away: after 15 and 30 s more.
 * BEP 15 would go on for hours, but the next tracker of the list should not wait for that.
 */
export const UDP_TRIES_MAX = 2;

/** As many as fit an answer of one unbroken datagram over IPv4. */
export const NUM_WANT = 200;
