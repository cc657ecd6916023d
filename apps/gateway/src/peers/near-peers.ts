import type { Server, Socket } from "node:net";
import type { TcpOptions } from "./tcp-options.ts";

/** BBR in all its versions sends by a timer, as fast as it has found the path to be. */
const PACES = /^bbr/;

/** Every Linux has it and lets every process choose it. */
const UNPACED = "reno";

/**
 * Sends to near peers without the pacing of BBR, where the system would have it. It is there for
 * paths with queues; next door it has none to keep short, and costs a quarter of the CPU time that
 * a byte takes. Everybody else is sent to as the system says.
 */
export class NearPeers {
  readonly #tcp: TcpOptions;
  readonly #systemControl: string;
  readonly #roundTripMsMax: number;

  private constructor(tcp: TcpOptions, systemControl: string, roundTripMsMax: number) {
    this.#tcp = tcp;
    this.#systemControl = systemControl;
    this.#roundTripMsMax = roundTripMsMax;
  }

  /**
   * Of those that come to this server, which listens. Null where the system paces nobody, or lets
   * nobody choose. A connection that was paced once stays so, hence it is the server's that is
   * changed: connections begin with it.
   */
  static of(server: Server, tcp: TcpOptions, roundTripMsMax: number): NearPeers | null {
    const descriptor = descriptorOf(server);
    if (descriptor === null || roundTripMsMax === 0) return null;
    const control = tcp.congestionControl(descriptor);
    if (control === null || !PACES.test(control)) return null;
    // Whoever is far must get the system's back, so that has to be ours to choose as well.
    if (!tcp.setCongestionControl(descriptor, control)) return null;
    if (!tcp.setCongestionControl(descriptor, UNPACED)) return null;
    return new NearPeers(tcp, control, roundTripMsMax);
  }

  /** To be called of each that the server accepted, before anything is sent. */
  came(socket: Socket): void {
    const descriptor = descriptorOf(socket);
    if (descriptor === null) return;
    const roundTripMs = this.#tcp.roundTripMs(descriptor);
    if (roundTripMs !== null && roundTripMs <= this.#roundTripMsMax) return;
    // A route may have a choice of its own.
    if (this.#tcp.congestionControl(descriptor) !== UNPACED) return;
    this.#tcp.setCongestionControl(descriptor, this.#systemControl);
  }
}

/** Node has it, and does not document where. */
function descriptorOf(owner: object): number | null {
  const { _handle: handle } = owner as { readonly _handle?: { readonly fd?: unknown } | null };
  const descriptor = handle?.fd;
  return typeof descriptor === "number" && descriptor >= 0 ? descriptor : null;
}
