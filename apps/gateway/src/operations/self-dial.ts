import { randomBytes } from "node:crypto";
import { connect, type LookupFunction, type Socket } from "node:net";
import { type InfoHash, infoHashBytes, infoHashFromBytes, type PeerId } from "@seedfleet/bytes";
import type { HostPort } from "@seedfleet/contracts";
import { obfuscatedHash } from "@seedfleet/mse";
import { type Clock, delay, errorCode } from "@seedfleet/runtime";
import { encodeHandshake } from "@seedfleet/wire";
import { HandshakeReads } from "../peers/handshake-reads.ts";
import { type EncryptionPolicy, encryptStream } from "../peers/open-stream.ts";
import type { ProbeEvidence } from "./judge-probe.ts";

/** Peers on the other side of the world connect within a second or two. */
const CONNECT_MS_MAX = 10_000;

/** Our own door may be another thread's, whose word comes after the end of the connection. */
const SEEN_LATE_MS_MAX = 1_000;

export type SelfDialPorts = {
  readonly clock: Clock;
  readonly ownPeerId: PeerId;
  readonly encryption: EncryptionPolicy;
  readonly isFull: () => boolean;
  /** Instead of the system's own. */
  readonly lookup?: LookupFunction;
};

type Probe = { readonly infoHash: InfoHash; readonly obfuscated: Buffer; readonly seen: Gate };
type Gate = { readonly opened: AbortSignal; readonly open: () => void };

/**
 * Dials an address and finds out whether it leads to this gateway: says a handshake with an info
 * hash that was made up for it, which nobody else can know, and looks whether that comes in at its
 * own door. It is encrypted where plain ones would be closed.
 */
export class SelfDial {
  readonly #ports: SelfDialPorts;
  #probe: Probe | null = null;

  constructor(ports: SelfDialPorts) {
    this.#ports = ports;
  }

  /** Asked of every handshake that comes in. */
  isProbe(infoHash: InfoHash): boolean {
    if (this.#probe?.infoHash !== infoHash) return false;
    this.#probe.seen.open();
    return true;
  }

  /** The probe's info hash, if it is the one of which this is the obfuscated hash. */
  findObfuscated(hash: Uint8Array): InfoHash | null {
    const probe = this.#probe;
    return probe?.obfuscated.equals(hash) ? probe.infoHash : null;
  }

  /** One at a time. Null when `stopped` aborts before anything is known. */
  async dial(address: HostPort, stopped: AbortSignal): Promise<ProbeEvidence | null> {
    const probe = newProbe();
    this.#probe = probe;
    const signal = AbortSignal.any([stopped, probe.seen.opened]);
    try {
      const { socket, failure } = await this.#connect(address, signal);
      if (socket !== null) await this.#greet(socket, probe, signal);
      if (stopped.aborted) return null;
      return { failure, seen: probe.seen.opened.aborted, isFull: this.#ports.isFull() };
    } finally {
      this.#probe = null;
    }
  }

  async #connect(
    address: HostPort,
    signal: AbortSignal,
  ): Promise<{ readonly socket: Socket | null; readonly failure: string | null }> {
    const { clock, lookup } = this.#ports;
    const socket = connect({ ...address, noDelay: true, ...(lookup && { lookup }) });
    const { promise: connected, resolve } = Promise.withResolvers<string | null>();
    // Also of a connection that stands: whatever ends it, the probe came in or it did not.
    socket.on("error", (error) => resolve(errorCode(error) ?? "unknown"));
    socket.on("connect", () => resolve(null));
    const settled = new AbortController();
    const either = AbortSignal.any([signal, settled.signal]);
    const late = delay(clock, CONNECT_MS_MAX, either).then(() => "timeout");
    const failure = await Promise.race([connected, late]);
    settled.abort();
    if (failure === null) return { socket: socket.pause(), failure };
    socket.destroy();
    return { socket: null, failure };
  }

  /** Until the probe was seen, or the other side has had its time for it. */
  async #greet(socket: Socket, probe: Probe, signal: AbortSignal): Promise<void> {
    const { clock } = this.#ports;
    const { promise: aborted, resolve } = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => resolve(), { once: true });
    if (signal.aborted) resolve();
    using reads = new HandshakeReads(clock, socket);
    const said = this.#say(reads, socket, probe);
    await Promise.race([said.then(() => delay(clock, SEEN_LATE_MS_MAX, signal)), aborted]);
    socket.destroy();
  }

  /** Says the handshake; resolves when the other side has answered or gone. */
  async #say(reads: HandshakeReads, socket: Socket, { infoHash }: Probe): Promise<void> {
    const { ownPeerId: peerId, encryption } = this.#ports;
    const initialPayload = encodeHandshake({ infoHash, peerId, reserved: new Uint8Array(8) });
    if (encryption === "required") {
      await encryptStream(reads, socket, { infoHash, initialPayload });
    } else {
      socket.write(initialPayload);
      await reads.next();
    }
  }
}

function newProbe(): Probe {
  const infoHash = infoHashFromBytes(randomBytes(20));
  const seen = new AbortController();
  return {
    infoHash,
    obfuscated: Buffer.from(obfuscatedHash(infoHashBytes(infoHash))),
    seen: { opened: seen.signal, open: () => seen.abort() },
  };
}
