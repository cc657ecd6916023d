import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { parseIpAddress } from "@seedfleet/bytes";
import { type Clock, cannotListen } from "@seedfleet/runtime";
import type { SwarmShares } from "../threads/swarm-owners.ts";
import type { Datagram, DatagramAnswers } from "./answer-udp.ts";
import { DatagramBatches } from "./datagram-batches.ts";
import { LATER, SILENCE } from "./udp-counts.ts";
import { UDP_BUFFER_BYTES, UDP_REPLY_BYTES_MAX } from "./udp-limits.ts";

export type UdpListenerOptions = {
  readonly answers: DatagramAnswers;
  readonly clock: Clock;
  /** Other threads and processes may listen at the same port; the kernel deals packets out. */
  readonly reusePort: boolean;
  /** Many datagrams a system call, where this machine can; else, and without, one. */
  readonly batches: boolean;
  /** Whose a datagram is, of those that share the port; by default anybody's. */
  readonly shares?: SwarmShares | null;
};

export interface UdpListener extends AsyncDisposable {
  readonly port: number;
  /** Whether datagrams are taken many at a time. */
  readonly batched: boolean;
  /** Closes the socket; what waits in it is dropped, and clients ask again. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Takes the port and answers what comes there. Throws what `cannotListen` makes. */
export async function listenUdp(
  at: { readonly host: string; readonly port: number },
  options: UdpListenerOptions,
): Promise<UdpListener> {
  const refused = (cause: unknown): Error =>
    cannotListen({ purpose: "announces over UDP", ...at }, cause);
  const found = await lookup(at.host).catch((cause: unknown) => {
    throw refused(cause);
  });
  const { reusePort, shares = null } = options;
  const socket = createSocket({
    type: found.family === 6 ? "udp6" : "udp4",
    reusePort,
    // Every send asks; what it asks for is an address already.
    lookup: (address, _options, answer) => answer(null, address, found.family),
  });
  const place = { address: found.address, port: at.port };
  const batches = options.batches ? DatagramBatches.open({ ...place, reusePort }, shares) : null;
  await bound(socket, batches === null ? place : { fd: batches.descriptor }).catch((cause) => {
    batches?.abandon();
    throw refused(cause);
  });
  enlargeBuffers(socket);
  const state = { closed: false };
  answerDatagrams({ socket, batches, state }, options);
  return {
    port: socket.address().port,
    batched: batches !== null,
    [Symbol.asyncDispose]() {
      batches?.stop();
      state.closed = true;
      return new Promise((resolve) => socket.close(() => resolve()));
    },
  };
}

function bound(
  socket: Socket,
  where: { readonly address: string; readonly port: number } | { readonly fd: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind({ ...where, exclusive: true }, () => {
      socket.off("error", reject);
      resolve();
    });
  });
}

/** Linux gives as much as it may, others refuse; with less, packets are only dropped sooner. */
function enlargeBuffers(socket: Socket): void {
  try {
    socket.setRecvBufferSize(UDP_BUFFER_BYTES);
    socket.setSendBufferSize(UDP_BUFFER_BYTES);
  } catch {
    // What the system gives by itself has to do.
  }
}

type Listening = {
  readonly socket: Socket;
  readonly batches: DatagramBatches | null;
  /** Once it is closed, what is answered late goes nowhere. */
  readonly state: { closed: boolean };
};

function answerDatagrams(
  { socket, batches, state }: Listening,
  { answers, clock }: UdpListenerOptions,
): void {
  const reply = new Uint8Array(UDP_REPLY_BYTES_MAX);
  const views: (Uint8Array | undefined)[] = [];
  const source = new SourceText();
  const from = { port: 0, isIpv6: false };
  const datagram: Datagram & { from: typeof from } = {
    ...{ packet: reply, length: 0, source: source.bytes, sourceBytes: 4, from },
  };
  const answer = (packet: Uint8Array, { address, port }: RemoteInfo): void => {
    // One that did not fit the socket is still in `reply`, and a full socket loses others anyway.
    if (port === 0 || socket.getSendQueueCount() > 0) {
      answers.counts.silences["not-sent"] += 1;
      return;
    }
    datagram.packet = packet;
    datagram.length = packet.length;
    datagram.sourceBytes = source.read(address);
    const length = answers.answer(datagram, reply, clock.nowMs());
    if (length === SILENCE) return;
    if (length === LATER) {
      answers.later((late) => {
        if (!state.closed) socket.send(Uint8Array.from(late), port, address);
      });
      return;
    }
    views[length] ??= reply.subarray(0, length);
    socket.send(views[length], port, address);
  };
  const answerBurst = (packet: Uint8Array, remote: RemoteInfo): void => {
    const { address, port, family } = remote;
    // Which link it came by is in the text only.
    if (address.includes("%")) {
      answer(packet, remote);
      batches?.answerBurst(null, answers, clock);
      return;
    }
    datagram.packet = packet;
    datagram.length = packet.length;
    datagram.sourceBytes = source.read(address);
    from.port = port;
    from.isIpv6 = family === "IPv6";
    batches?.answerBurst(datagram, answers, clock);
  };
  socket.on("message", batches === null ? answer : answerBurst);
  // Of one datagram, never of the socket: the next is another matter.
  socket.on("error", () => {
    answers.counts.silences["not-sent"] += 1;
  });
}

/** Turns the text of an address, which is all that `dgram` tells, into its bytes. */
class SourceText {
  readonly bytes: Uint8Array = new Uint8Array(16);
  #text = "";
  #length: 4 | 16 = 4;

  /** Reads into `bytes`; how many. */
  read(text: string): 4 | 16 {
    if (text === this.#text) return this.#length;
    this.#text = text;
    this.#length = text.includes(":") ? this.#readOther(text) : this.#readIpv4(text);
    return this.#length;
  }

  /** From the kernel, so it is one. */
  #readIpv4(text: string): 4 {
    let [at, value] = [0, 0];
    for (let index = 0; index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      if (code === 0x2e) {
        this.bytes[at] = value;
        at += 1;
        value = 0;
      } else {
        value = value * 10 + code - 0x30;
      }
    }
    this.bytes[at] = value;
    return 4;
  }

  #readOther(text: string): 4 | 16 {
    const address = parseIpAddress(text.split("%", 1)[0] ?? "") ?? "\0".repeat(16);
    for (let index = 0; index < address.length; index += 1) {
      this.bytes[index] = address.charCodeAt(index);
    }
    return address.length === 4 ? 4 : 16;
  }
}
