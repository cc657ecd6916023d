import { createSocket } from "node:dgram";
import { get } from "node:http";
import { BenchError } from "../bench-error.ts";
import {
  ANNOUNCE,
  CONNECT,
  connectPacket,
  escaped,
  type TrackerAt,
  udpAnnounce,
} from "./tracker-sayings.ts";

/**
 * A tracker answers in a millisecond, but it may run at the lowest priority beside much else: who
 * waits so long waits for ever. The report tells how long the slowest took.
 */
const ANSWER_MS_MAX = 30_000;

/** A datagram may be lost where many come at once; BEP 15 has its clients ask again. */
const ASK_AGAIN_MS = 500;

const SEED_PORT = 1_001;
const LEECHER_PORT = 1_002;
const OTHER_PORT = 1_003;
const STARTED = 2;
const STOPPED = 3;

/**
 * A seed and two leechers meet in a swarm of their own over HTTP and UDP, scrape it and leave.
 * Throws if a count or a peer is wrong, or an answer late.
 */
export async function meetOthers(at: TrackerAt, serial: number): Promise<void> {
  const infoHash = Buffer.alloc(20, 255);
  infoHash.writeUInt32BE(serial, 16);
  const base = `info_hash=${escaped(infoHash)}`;
  const announce = async (from: number, port: number, rest: string): Promise<string> =>
    await ask(
      at,
      `127.0.4.${from}`,
      `announce?${base}&peer_id=${"p".repeat(20)}&port=${port}&${rest}`,
    );
  const udp = await GoodDatagrams.connect(at, "127.0.4.2");
  try {
    const said = { infoHash, peerId: Buffer.alloc(20, 112), left: 5n, port: LEECHER_PORT };
    expect(await announce(1, SEED_PORT, "left=0&event=started"), [counts(1, 0), "5:peers0:"]);
    expectPacket(await udp.announce({ ...said, event: STARTED }), 1, [[1, SEED_PORT]]);
    const third = await announce(3, OTHER_PORT, "left=1&compact=0&event=started");
    expect(third, [counts(1, 2), peer(1, SEED_PORT), peer(2, LEECHER_PORT)]);
    expect(await ask(at, "127.0.4.4", `scrape?${base}`), ["8:completei1e", "10:incompletei2e"]);
    await announce(1, SEED_PORT, "left=0&event=stopped");
    await udp.announce({ ...said, event: STOPPED });
    expect(await announce(3, OTHER_PORT, "left=1&event=stopped"), [counts(0, 0), "5:peers0:"]);
  } finally {
    udp.close();
  }
}

function counts(complete: number, incomplete: number): RegExp {
  return new RegExp(`8:completei${complete}e.*10:incompletei${incomplete}e`, "s");
}

function peer(host: number, port: number): RegExp {
  return new RegExp(`2:ip9:127\\.0\\.4\\.${host}.*?4:porti${port}e`, "s");
}

function expect(answer: string, parts: readonly (string | RegExp)[]): void {
  for (const part of parts) {
    const isThere = typeof part === "string" ? answer.includes(part) : part.test(answer);
    if (!isThere) {
      throw new BenchError(`a good client was told ${JSON.stringify(answer)}, without ${part}`);
    }
  }
}

function expectPacket(packet: Buffer, seeders: number, peers: readonly [number, number][]): void {
  const expected = Buffer.concat(
    peers.map(([host, port]) => Buffer.of(127, 0, 4, host, port >> 8, port & 0xff)),
  );
  if (packet.readUInt32BE(16) === seeders && packet.subarray(20).equals(expected)) return;
  throw new BenchError(`a good client was told ${packet.toHex()} over UDP`);
}

/** The body that is answered to one request on a connection of its own. */
async function ask(at: TrackerAt, localAddress: string, path: string): Promise<string> {
  const prefix = at.passkey === null ? "" : `/${at.passkey}`;
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const signal = AbortSignal.timeout(ANSWER_MS_MAX);
  const options = { host: at.host, port: at.httpPort, path: `${prefix}/${path}`, localAddress };
  get({ ...options, agent: false, signal }, (answer) => {
    const chunks: Buffer[] = [];
    answer.on("data", (chunk: Buffer) => chunks.push(chunk)).on("error", reject);
    answer.on("end", () => resolve(Buffer.concat(chunks).toString("latin1")));
  }).on("error", reject);
  return await promise.catch((error: unknown) => {
    throw new BenchError(`a good client was not answered: ${String(error)}`);
  });
}

/** A good client's socket for UDP, with its connection id. */
class GoodDatagrams {
  readonly #at: TrackerAt;
  readonly #socket = createSocket("udp4");
  #connectionId: Uint8Array = new Uint8Array(8);
  #transaction = 1;

  private constructor(at: TrackerAt) {
    this.#at = at;
  }

  static async connect(at: TrackerAt, localAddress: string): Promise<GoodDatagrams> {
    const made = new GoodDatagrams(at);
    await new Promise<void>((resolve) => made.#socket.bind(0, localAddress, resolve));
    const reply = await made.#ask((transaction) => connectPacket(transaction), CONNECT);
    made.#connectionId = reply.subarray(8, 16);
    return made;
  }

  async announce(said: Omit<Parameters<typeof udpAnnounce>[1], "passkey">): Promise<Buffer> {
    return await this.#ask((transaction) => {
      const head = Buffer.alloc(16);
      head.set(this.#connectionId);
      head.writeUInt32BE(ANNOUNCE, 8);
      head.writeUInt32BE(transaction, 12);
      return udpAnnounce(head, { ...said, passkey: this.#at.passkey });
    }, ANNOUNCE);
  }

  close(): void {
    this.#socket.close();
  }

  async #ask(packetOf: (transaction: number) => Buffer, action: number): Promise<Buffer> {
    this.#transaction += 1;
    const transaction = this.#transaction;
    const packet = packetOf(transaction);
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const hear = (reply: Buffer): void => {
      if (reply.readUInt32BE(4) === transaction) resolve(reply);
    };
    const say = (): void => this.#socket.send(packet, this.#at.udpPort, this.#at.host);
    this.#socket.on("message", hear);
    const again = setInterval(say, ASK_AGAIN_MS);
    const late = new BenchError(`a good client was not answered over UDP in ${ANSWER_MS_MAX} ms`);
    const timer = setTimeout(reject, ANSWER_MS_MAX, late);
    say();
    try {
      const reply = await promise;
      if (reply.readUInt32BE(0) === action) return reply;
      throw new BenchError(`a good client was refused over UDP: ${reply.toString("latin1", 8)}`);
    } finally {
      clearInterval(again);
      clearTimeout(timer);
      this.#socket.off("message", hear);
    }
  }
}
