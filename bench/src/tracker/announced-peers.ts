import { BenchError } from "../bench-error.ts";

/** Five digits whatever is added to it, so that a request keeps its length. */
const PORT_MIN = 10_000;
const PORT_MAX = 65_535;

/** Sources are 127.77.0.0 and so on: all of 127/8 is this machine. */
const SOURCES_NETWORK = 0x7f_4d_00_00;
const SOURCES_MAX = 0x1_00_00;

const ENDPOINT_BYTES = 6;

/** Where source N sends from. */
export function sourceAddress(source: number): string {
  return `127.77.${source >> 8}.${source & 0xff}`;
}

export type PeersPlan = {
  readonly swarms: number;
  readonly sources: number;
  /** Sources before this one have announced to the same tracker in earlier runs. */
  readonly firstSource: number;
};

/**
 * Which peer of which swarm announces next, and which have: every announce is of another endpoint,
 * so that the tracker's swarms only grow. Each source goes round all swarms, from a place of its
 * own, and takes its next port when it has been round.
 */
export class AnnouncedPeers {
  readonly swarms: number;
  readonly #firstSource: number;
  /** How many ports each source has announced in each swarm. */
  readonly #ports: Uint16Array;
  readonly #cursors: Uint32Array;
  readonly #sent: Uint32Array;
  readonly #answered: Uint32Array;
  /** What `next` drew. */
  swarm = 0;
  port = 0;

  constructor({ swarms, sources, firstSource }: PeersPlan) {
    if (firstSource + sources > SOURCES_MAX) throw new BenchError("there are no addresses left");
    this.swarms = swarms;
    this.#firstSource = firstSource;
    this.#ports = new Uint16Array(sources * swarms);
    this.#cursors = Uint32Array.from({ length: sources }, (_, at) =>
      Math.floor((at * swarms) / sources),
    );
    this.#sent = new Uint32Array(swarms);
    this.#answered = new Uint32Array(swarms);
  }

  /** Draws the next peer of a source of this run (from 0) into `swarm` and `port`. */
  next(source: number): void {
    const swarm = this.#cursors[source] ?? 0;
    this.#cursors[source] = swarm + 1 === this.swarms ? 0 : swarm + 1;
    const at = source * this.swarms + swarm;
    const ports = this.#ports[at] ?? 0;
    if (PORT_MIN + ports > PORT_MAX) throw new BenchError("a source has announced every port");
    this.#ports[at] = ports + 1;
    this.#sent[swarm] = (this.#sent[swarm] ?? 0) + 1;
    this.swarm = swarm;
    this.port = PORT_MIN + ports;
  }

  /** Peers of a swarm that were announced, whether or not the tracker has heard of them. */
  sent(swarm: number): number {
    return this.#sent[swarm] ?? 0;
  }

  /** Peers of a swarm that the tracker has answered, so that it must know them. */
  answered(swarm: number): number {
    return this.#answered[swarm] ?? 0;
  }

  answer(swarm: number): void {
    this.#answered[swarm] = (this.#answered[swarm] ?? 0) + 1;
  }

  /** Whether all these endpoints (BEP 23) were announced in the swarm. */
  knows(swarm: number, bytes: Uint8Array, { from, to }: { from: number; to: number }): boolean {
    for (let at = from; at < to; at += ENDPOINT_BYTES) {
      const network = ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16);
      if (network !== SOURCES_NETWORK) return false;
      const serial = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
      const port = ((bytes[at + 4] ?? 0) << 8) | (bytes[at + 5] ?? 0);
      if (!this.#knowsPort(serial - this.#firstSource, swarm, port)) return false;
    }
    return true;
  }

  #knowsPort(source: number, swarm: number, port: number): boolean {
    // What earlier runs announced is not kept; their sources were not drawn for anything else.
    if (source < 0) return port >= PORT_MIN;
    const ports = this.#ports[source * this.swarms + swarm];
    return ports !== undefined && port >= PORT_MIN && port < PORT_MIN + ports;
  }
}
