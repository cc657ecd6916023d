/** A uTP header without extensions (BEP 29). */
const UTP_HEADER_BYTES = 20;

/** High four bits: the packet's type; low four: version 1. */
const ST_SYN = 0x41;
const ST_RESET = 0x31;

const CONNECTION_ID_AT = 2;
const SEQ_NR_AT = 16;
const ACK_NR_AT = 18;

/**
 * The answer of who speaks no uTP to a peer that begins a connection with it; null to any other
 * packet. Never longer than what it answers.
 *
 * A peer that hears nothing waits for its timeout before it comes by TCP. After a reset libtorrent
 * does so at once.
 */
export function utpReset(packet: Uint8Array): Uint8Array | null {
  if (packet.length < UTP_HEADER_BYTES || packet[0] !== ST_SYN) return null;
  const reset = new Uint8Array(UTP_HEADER_BYTES);
  reset[0] = ST_RESET;
  reset.set(packet.subarray(CONNECTION_ID_AT, CONNECTION_ID_AT + 2), CONNECTION_ID_AT);
  reset.set(packet.subarray(SEQ_NR_AT, SEQ_NR_AT + 2), ACK_NR_AT);
  return reset;
}
