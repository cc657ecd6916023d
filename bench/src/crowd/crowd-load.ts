import { createInterface } from "node:readline";
import { BenchError } from "../bench-error.ts";
import { shareSerials } from "../load/run-load.ts";
import { monotonicMs } from "../monotonic.ts";
import { WaveRecorder } from "./choke-waves.ts";
import { CrowdPeer } from "./crowd-peer.ts";
import { CROWD_ORDERS, type CrowdReported, type CrowdSpec } from "./crowd-spec.ts";
import { sourceAddress } from "./source-address.ts";

/** Fewer than any backlog, so that no connection has to be tried again. */
const CONNECTING_MAX = 64;

/** Each peer says once in so many turns that it is there: a gateway closes who is silent. */
const KEEP_ALIVE_TURNS = 60;
const KEEP_ALIVE_TURN_MS = 1_000;

/** The peers of one process, and what they were told. */
class Crowd {
  readonly #spec: CrowdSpec;
  readonly #peers: CrowdPeer[] = [];
  #recorder = new WaveRecorder();

  constructor(spec: CrowdSpec) {
    this.#spec = spec;
  }

  /** Connects them all, so many at a time; rejects with the first failure. */
  async connect(failed: (error: Error) => void): Promise<void> {
    const { peers, share, shares } = this.#spec;
    const left = (shareSerials(peers, shares)[share] ?? []).values();
    // The workers take their peers from one iterator, so each is connected once.
    const work = async (): Promise<void> => {
      for (const serial of left) {
        const joined = Promise.withResolvers<void>();
        this.#peers.push(this.#peer(serial, { joined: joined.resolve, failed }));
        await joined.promise;
      }
    };
    await Promise.all(Array.from({ length: CONNECTING_MAX }, work));
  }

  /** A sixtieth of the peers says that it is there. */
  keepAlive(turn: number): void {
    for (let at = turn % KEEP_ALIVE_TURNS; at < this.#peers.length; at += KEEP_ALIVE_TURNS) {
      this.#peers[at]?.keepAlive();
    }
  }

  record(): void {
    this.#recorder = new WaveRecorder();
  }

  report(): CrowdReported {
    return { waves: this.#recorder.waves };
  }

  #peer(
    serial: number,
    events: { readonly joined: () => void; readonly failed: (error: Error) => void },
  ): CrowdPeer {
    const { host, port, infoHashes } = this.#spec;
    const torrent = serial % infoHashes.length;
    const infoHash = infoHashes[torrent];
    if (infoHash === undefined) throw new BenchError("there are no torrents");
    return new CrowdPeer(
      { host, port, localAddress: sourceAddress(serial), serial, infoHash },
      { ...events, changed: (unchoked) => this.#recorder.add(torrent, unchoked, monotonicMs()) },
    );
  }
}

function tell(event: string, fields: object): void {
  process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
}

function fail(error: Error): void {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}

const crowd = new Crowd(JSON.parse(process.argv[2] ?? "null"));
const orders = createInterface({ input: process.stdin });
orders
  .on("close", () => process.exit())
  .on("line", (line) => {
    if (line === "record") crowd.record();
    const event = line === "record" ? CROWD_ORDERS.record : CROWD_ORDERS.report;
    tell(event, line === "record" ? {} : crowd.report());
  });
let turn = 0;
setInterval(() => {
  turn += 1;
  crowd.keepAlive(turn);
}, KEEP_ALIVE_TURN_MS);
// From the first failure on nothing that is measured would mean anything.
await crowd.connect(fail);
tell("connected", {});
