import { connect, type Socket } from "node:net";
import { infoHashBytes } from "@seedfleet/bytes";
import type { Metainfo } from "@seedfleet/metainfo";
import { MSE_PRIVATE_KEY_BYTES, MseInitiator, type Rc4 } from "@seedfleet/mse";
import { type Rng, seededRng } from "@seedfleet/runtime";
import type { SessionDone } from "./fuzz-target.ts";
import { chance, cutAnywhere, mutate, pick, randomBytesOf } from "./mutate.ts";
import { anyHandshake, anySayings } from "./sessions.ts";

/** How long one waits for an answer, or to be closed, at the end. */
const LINGER_MS_MAX = 300;

/** Ways to be a strange client. */
const KINDS = [
  "noise",
  "right",
  "mutated",
  "mutated behind the handshake",
  "encrypted",
  "encrypted and mutated",
  "broken encryption",
] as const;

type SessionKind = (typeof KINDS)[number];

export type SessionTarget = {
  readonly host: string;
  readonly port: number;
  readonly metainfo: Metainfo;
};

/**
 * One strange client: what it says, where its bytes are cut and how it ends follow from the seed
 * and the session's number alone. What the network makes of it does not.
 */
export class FuzzSession {
  readonly #rng: Rng;
  readonly #target: SessionTarget;
  readonly #kind: SessionKind;
  #sentBytes = 0;
  #receivedBytes = 0;
  #opening: MseInitiator | null = null;
  #outgoing: Rc4 | null = null;
  #greetsInside = false;

  constructor(target: SessionTarget, seed: number) {
    this.#rng = seededRng(seed);
    this.#target = target;
    this.#kind = pick(KINDS, this.#rng);
  }

  async run(): Promise<SessionDone> {
    const { host, port } = this.#target;
    const rng = this.#rng;
    const reads = chance(rng, 80);
    const lingerMs = rng.below(LINGER_MS_MAX);
    const socket = connect({ host, port, localAddress: `127.0.3.${1 + rng.below(8)}` });
    const closed = Promise.withResolvers<boolean>();
    socket.on("error", () => {});
    socket.once("end", () => closed.resolve(true)).once("close", () => closed.resolve(true));
    socket.on("data", (bytes: Buffer) => this.#hear(socket, bytes));
    socket.once("connect", () => void this.#begin(socket, reads));
    const late = setTimeout(() => closed.resolve(false), 50 + lingerMs);
    const wasClosed = await closed.promise;
    clearTimeout(late);
    this.#end(socket);
    return {
      kind: this.#kind,
      sentBytes: this.#sentBytes,
      receivedBytes: this.#receivedBytes,
      wasClosed,
    };
  }

  #begin(socket: Socket, reads: boolean): void {
    const { metainfo } = this.#target;
    const rng = this.#rng;
    switch (this.#kind) {
      case "noise":
        this.#say(socket, randomBytesOf(rng, 1 + rng.below(3_000)));
        break;
      case "right":
        this.#say(socket, this.#handshake(), anySayings(metainfo, rng));
        break;
      case "mutated":
        this.#say(socket, mutate(Buffer.concat([this.#handshake(), this.#sayings()]), rng));
        break;
      case "mutated behind the handshake":
        this.#say(socket, this.#handshake(), mutate(this.#sayings(), rng));
        break;
      default:
        this.#encrypt(socket);
    }
    if (!reads) socket.pause();
  }

  #encrypt(socket: Socket): void {
    const rng = this.#rng;
    const { infoHash } = this.#target.metainfo;
    this.#greetsInside = chance(rng, 50);
    const methods = pick([["rc4"], ["plaintext"], ["rc4", "plaintext"]] as const, rng);
    this.#opening = new MseInitiator({
      privateKey: randomBytesOf(rng, MSE_PRIVATE_KEY_BYTES),
      padding: randomBytesOf(rng, rng.below(513)),
      paddingC: randomBytesOf(rng, rng.below(513)),
      skey: chance(rng, 90) ? infoHashBytes(infoHash) : randomBytesOf(rng, 20),
      methods,
      initialPayload: this.#greetsInside ? this.#handshake() : Buffer.of(),
    });
    this.#open(socket, this.#opening);
  }

  #hear(socket: Socket, bytes: Buffer): void {
    this.#receivedBytes += bytes.length;
    const opening = this.#opening;
    if (opening === null) return;
    opening.push(bytes);
    this.#open(socket, opening);
  }

  #open(socket: Socket, opening: MseInitiator): void {
    const breaks = this.#kind === "broken encryption";
    for (let next = opening.next(); next !== null; next = opening.next()) {
      if (next.kind === "send") {
        const isWrong = breaks && chance(this.#rng, 60);
        this.#say(socket, isWrong ? mutate(next.bytes, this.#rng) : next.bytes);
        continue;
      }
      this.#opening = null;
      if (next.kind === "violation") return;
      this.#outgoing = next.outgoing;
      const greeting = this.#greetsInside ? Buffer.of() : this.#handshake();
      const sayings = Buffer.concat([greeting, this.#sayings()]);
      const isMutated = this.#kind === "encrypted and mutated";
      this.#say(socket, isMutated ? mutate(sayings, this.#rng) : sayings);
    }
  }

  #say(socket: Socket, ...parts: readonly Uint8Array[]): void {
    const bytes = Buffer.concat(parts);
    this.#outgoing?.crypt(bytes);
    // Without Nagle's algorithm each write is a packet, as far as the kernel lets it.
    socket.setNoDelay(true);
    for (const read of cutAnywhere(bytes, this.#rng).slice(0, 2_000)) {
      this.#sentBytes += read.length;
      socket.write(read);
    }
  }

  #end(socket: Socket): void {
    const how = this.#rng.below(3);
    // Node never closes a socket that is reset while its own end is being sent.
    const mayReset = !socket.readableEnded && !socket.writableEnded;
    if (how === 0 && mayReset) socket.resetAndDestroy();
    else if (how === 1 || socket.readableEnded) socket.destroy();
    else socket.end();
    // One that is full, or that nobody reads, would not end by itself.
    setTimeout(() => socket.destroy(), LINGER_MS_MAX);
  }

  #handshake(): Uint8Array {
    return anyHandshake(this.#target.metainfo, this.#rng);
  }

  #sayings(): Uint8Array {
    return anySayings(this.#target.metainfo, this.#rng);
  }
}
