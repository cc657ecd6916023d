/**
 * The longest packet we read: a scrape of 74 has 1,496 bytes, an announce 98 and its URL. What is
 * longer is not looked into.
 */
export const UDP_PACKET_BYTES_MAX = 2_048;

/** As many as BEP 15 says fit a request of one datagram. */
export const UDP_SCRAPE_HASHES_MAX = 74;

/** A reply of 1,220 bytes, which goes through every link unbroken; no client uses more at once. */
export const UDP_IPV4_PEERS_MAX = 200;

/**
 * A reply of 1,226 bytes. With the headers of IPv6 and UDP it fits the 1,280 bytes that every IPv6
 * link carries; routers do not break a longer one up, they drop it.
 */
export const UDP_IPV6_PEERS_MAX = 67;

/** The longest answer: 200 peers over IPv4, 67 over IPv6, or a scrape of 74 (896). */
export const UDP_REPLY_BYTES_MAX = 1_280;

/** Longer passkeys in an announce's URL are refused; ours have 40 characters at most. */
export const UDP_PASSKEY_CHARS_MAX = 128;

/** Datagrams taken from the kernel, and given to it, in one call. */
export const DATAGRAMS_PER_CALL_MAX = 64;

/**
 * Datagrams taken after each one that `dgram` takes itself, of which it takes up to 32 in a turn of
 * the event loop: 8,224 datagrams, some 30 ms, if there are so many.
 */
export const DATAGRAMS_PER_BURST_MAX = 256;

/** Of so many calls in one millisecond that found datagrams, the next is worth waiting for. */
export const WAITED_FROM_CALLS_PER_MS = 8;

/** Waits for the next datagram in a turn of the event loop; at such rates some 2 ms at most. */
export const WAITS_PER_TURN_MAX = 16;

/** Memory of the kernel for datagrams that wait: some 4,000 announces, 20 ms of a full core. */
export const UDP_BUFFER_BYTES = 4_194_304;
