import { AF_INET, AF_INET6 } from "../sockets/bind-socket.ts";
import type { Datagram } from "./answer-udp.ts";
import { UDP_PACKET_BYTES_MAX, UDP_REPLY_BYTES_MAX } from "./udp-limits.ts";

/** One more byte than we read, so that a longer packet shows, in whole words. */
const PACKET_SLOT_BYTES = UDP_PACKET_BYTES_MAX + 8;

/** `struct sockaddr_in6`, rounded up; one of IPv4 is shorter. */
const NAME_SLOT_BYTES = 32;
const NAME_BYTES_MAX = 28;
const NAME_PORT_AT = 2;
const NAME_IPV4_AT = 4;
const NAME_IPV6_AT = 8;

/** `struct iovec`: where, how many. */
const VECTOR_BYTES = 16;

/** `struct mmsghdr`, and its members in words of 32 bits. */
const HEADER_BYTES = 64;
const HEADER_NAME = 0;
const HEADER_NAME_BYTES = 2;
const HEADER_VECTORS = 4;
const HEADER_VECTOR_COUNT = 6;
const HEADER_RECEIVED = 14;

/** Where a received address lies, which depends on its family. */
type SourceViews = { readonly ipv4: Uint8Array; readonly ipv6: Uint8Array };

/** The port of a sender, and the family of the socket that it came to. */
export type SourcePort = { readonly port: number; readonly isIpv6: boolean };

/** Where each part begins, for `slots` datagrams. */
type Layout = {
  readonly receiveHeaders: number;
  readonly sendHeaders: number;
  readonly receiveVectors: number;
  readonly sendVectors: number;
  readonly names: number;
  readonly packets: number;
  readonly replies: number;
  readonly end: number;
};

/**
 * The memory that `recvmmsg` and `sendmmsg` work in: headers, addresses, packets and replies, in
 * one block that never moves. All pointers in it are made once; from then on only lengths change,
 * and whose address a reply goes to.
 */
export class DatagramMemory {
  /** A pointer to the headers for `recvmmsg`. */
  readonly receiving: bigint;
  readonly #layout: Layout;
  readonly #words: Uint32Array;
  readonly #bytes: Uint8Array;
  readonly #sending: readonly bigint[];
  readonly #datagrams: readonly Datagram[];
  readonly #sources: readonly SourceViews[];
  readonly #replies: readonly Uint8Array[];

  constructor(slots: number, pointerTo: (memory: ArrayBuffer) => bigint) {
    const layout = layoutOf(slots);
    const memory = new ArrayBuffer(layout.end);
    const base = pointerTo(memory);
    const indexes = Array.from({ length: slots }, (_, index) => index);
    this.#layout = layout;
    this.#words = new Uint32Array(memory);
    this.#bytes = new Uint8Array(memory);
    this.receiving = base + BigInt(layout.receiveHeaders);
    this.#sending = indexes.map(
      (index) => base + BigInt(layout.sendHeaders + index * HEADER_BYTES),
    );
    this.#sources = indexes.map((index) => {
      const name = layout.names + index * NAME_SLOT_BYTES;
      return {
        ipv4: new Uint8Array(memory, name + NAME_IPV4_AT, 4),
        ipv6: new Uint8Array(memory, name + NAME_IPV6_AT, 16),
      };
    });
    this.#datagrams = indexes.map((index) => {
      const packet = new Uint8Array(
        memory,
        layout.packets + index * PACKET_SLOT_BYTES,
        PACKET_SLOT_BYTES,
      );
      return { packet, length: 0, source: packet, sourceBytes: 4 };
    });
    this.#replies = indexes.map((index) => {
      const at = layout.replies + index * UDP_REPLY_BYTES_MAX;
      return new Uint8Array(memory, at, UDP_REPLY_BYTES_MAX);
    });
    for (const index of indexes) link(new DataView(memory), { layout, base, index });
    for (const index of indexes) this.release(index);
  }

  /** What came, with the address it came from. */
  received(index: number): Datagram {
    const datagram = this.#datagrams[index] as Datagram;
    const { ipv4, ipv6 } = this.#sources[index] as SourceViews;
    const isIpv6 = this.#bytes[this.#layout.names + index * NAME_SLOT_BYTES] === AF_INET6;
    datagram.length = this.#words[this.#receiveHeader(index) + HEADER_RECEIVED] as number;
    datagram.source = isIpv6 ? ipv6 : ipv4;
    datagram.sourceBytes = isIpv6 ? 16 : 4;
    return datagram;
  }

  /** Makes a slot ready to receive again: the kernel shortens the room for the address. */
  release(index: number): void {
    this.#words[this.#receiveHeader(index) + HEADER_NAME_BYTES] = NAME_BYTES_MAX;
  }

  /** Says whom the datagram of this slot came from, of one that the kernel did not put there. */
  setSource(index: number, { source, sourceBytes }: Datagram, from: SourcePort): void {
    const name = this.#layout.names + index * NAME_SLOT_BYTES;
    const bytes = this.#bytes;
    bytes.fill(0, name, name + NAME_SLOT_BYTES);
    bytes[name] = from.isIpv6 ? AF_INET6 : AF_INET;
    bytes[name + NAME_PORT_AT] = from.port >>> 8;
    bytes[name + NAME_PORT_AT + 1] = from.port;
    const mappedAt = name + NAME_IPV6_AT + 12;
    let at = name + (from.isIpv6 ? NAME_IPV6_AT : NAME_IPV4_AT);
    if (from.isIpv6 && sourceBytes === 4) {
      // IPv4 as a socket for both families has it: ::ffff:0:0/96.
      bytes.fill(0xff, mappedAt - 2, mappedAt);
      at = mappedAt;
    }
    for (let byte = 0; byte < sourceBytes; byte += 1) bytes[at + byte] = source[byte] ?? 0;
    const datagram = this.#datagrams[index] as Datagram;
    datagram.sourceBytes = from.isIpv6 ? 16 : 4;
  }

  /** A copy of the address that the datagram of this slot came from, for `restoreSource`. */
  sourceOf(index: number): Uint8Array {
    const name = this.#layout.names + index * NAME_SLOT_BYTES;
    return this.#bytes.slice(name, name + NAME_SLOT_BYTES);
  }

  /** Says whom a slot's datagram came from, by what `sourceOf` gave. */
  restoreSource(index: number, source: Uint8Array): void {
    this.#bytes.set(source, this.#layout.names + index * NAME_SLOT_BYTES);
    const datagram = this.#datagrams[index] as Datagram;
    datagram.sourceBytes = source[0] === AF_INET6 ? 16 : 4;
  }

  /** Where the answer is written that is sent as the `reply`-th. */
  replyAt(reply: number): Uint8Array {
    return this.#replies[reply] as Uint8Array;
  }

  /** Addresses the `reply`-th answer to where the datagram at `index` came from. */
  reply(reply: number, index: number, length: number): void {
    const words = this.#words;
    const { sendHeaders, sendVectors } = this.#layout;
    const to = (sendHeaders + reply * HEADER_BYTES) / 4;
    const from = this.#receiveHeader(index);
    words[to + HEADER_NAME] = words[from + HEADER_NAME] as number;
    words[to + HEADER_NAME + 1] = words[from + HEADER_NAME + 1] as number;
    words[to + HEADER_NAME_BYTES] = this.#datagrams[index]?.sourceBytes === 4 ? 16 : NAME_BYTES_MAX;
    words[(sendVectors + reply * VECTOR_BYTES) / 4 + 2] = length;
  }

  /** A pointer to the headers for `sendmmsg`, without the first `reply` of them. */
  sendingFrom(reply: number): bigint {
    return this.#sending[reply] as bigint;
  }

  #receiveHeader(index: number): number {
    return (this.#layout.receiveHeaders + index * HEADER_BYTES) / 4;
  }
}

/** Sets the pointers of one slot, and the lengths that do not change. */
function link(
  view: DataView,
  {
    layout,
    base,
    index,
  }: { readonly layout: Layout; readonly base: bigint; readonly index: number },
): void {
  const name = layout.names + index * NAME_SLOT_BYTES;
  const sides = [
    {
      header: layout.receiveHeaders + index * HEADER_BYTES,
      vector: layout.receiveVectors + index * VECTOR_BYTES,
      memory: layout.packets + index * PACKET_SLOT_BYTES,
    },
    {
      header: layout.sendHeaders + index * HEADER_BYTES,
      vector: layout.sendVectors + index * VECTOR_BYTES,
      memory: layout.replies + index * UDP_REPLY_BYTES_MAX,
    },
  ];
  for (const { header, vector, memory } of sides) {
    view.setBigUint64(header + 4 * HEADER_NAME, base + BigInt(name), true);
    view.setBigUint64(header + 4 * HEADER_VECTORS, base + BigInt(vector), true);
    view.setBigUint64(header + 4 * HEADER_VECTOR_COUNT, 1n, true);
    view.setBigUint64(vector, base + BigInt(memory), true);
    view.setBigUint64(vector + 8, BigInt(PACKET_SLOT_BYTES), true);
  }
}

function layoutOf(slots: number): Layout {
  const receiveHeaders = 0;
  const sendHeaders = receiveHeaders + slots * HEADER_BYTES;
  const receiveVectors = sendHeaders + slots * HEADER_BYTES;
  const sendVectors = receiveVectors + slots * VECTOR_BYTES;
  const names = sendVectors + slots * VECTOR_BYTES;
  const packets = names + slots * NAME_SLOT_BYTES;
  const replies = packets + slots * PACKET_SLOT_BYTES;
  const end = replies + slots * UDP_REPLY_BYTES_MAX;
  return {
    receiveHeaders,
    sendHeaders,
    receiveVectors,
    sendVectors,
    names,
    packets,
    replies,
    end,
  };
}
