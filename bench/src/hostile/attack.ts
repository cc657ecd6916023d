import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { infoHashBytes } from "@seedfleet/bytes";
import { type Metainfo, parseMetainfo } from "@seedfleet/metainfo";
import { reservedBytes } from "@seedfleet/wire";
import { BenchError } from "../bench-error.ts";
import type { Attacked, AttackSpec } from "./attack-spec.ts";
import { type Attack, attackOf } from "./attacks.ts";

const TELL_EVERY_MS = 200;

/** Attempts are made in small steps, so that they come evenly. */
const STEP_MS = 20;

/** Connections that may be under way at once: more, and the kernel drops some for seconds. */
const CONNECTING_MAX = 1_000;

/** An attacked gateway, and what is done to it. */
class Attacker {
  readonly #attack: Attack;
  readonly #spec: AttackSpec;
  readonly #opening: Uint8Array;
  readonly #again: Uint8Array | null;
  readonly #open = new Set<Socket>();
  #connecting = 0;
  #openedCount = 0;
  #closedCount = 0;
  #sentBytes = 0;
  #receivedBytes = 0;
  #due = 0;
  #next = 0;

  constructor(attack: Attack, spec: AttackSpec, metainfo: Metainfo) {
    this.#attack = attack;
    this.#spec = spec;
    this.#opening = openingOf(attack, metainfo);
    this.#again = attack.again?.(metainfo) ?? null;
  }

  get attacked(): Attacked {
    return {
      openedCount: this.#openedCount,
      closedCount: this.#closedCount,
      sentBytes: this.#sentBytes,
      receivedBytes: this.#receivedBytes,
    };
  }

  begin(): void {
    const { kind } = this.#attack;
    const { perSecond } = this.#spec;
    if (kind === "repeated") {
      this.#every(STEP_MS, () => this.#inStep(perSecond, () => this.#connect()));
      return;
    }
    this.#every(STEP_MS, () => this.#fill());
    if (kind === "flood") this.#every(STEP_MS, () => this.#inStep(perSecond, () => this.#burst()));
    else this.#every(1_000, () => this.#drip());
  }

  #every(intervalMs: number, act: () => void): void {
    act();
    setInterval(act, intervalMs);
  }

  #inStep(perSecond: number, act: () => void): void {
    this.#due += (perSecond * STEP_MS) / 1_000;
    for (; this.#due >= 1; this.#due -= 1) act();
  }

  /** Opens all that it holds, once; those that are closed stay so. */
  #fill(): void {
    while (this.#openedCount + this.#connecting < this.#attack.connections) {
      if (this.#connecting >= CONNECTING_MAX) return;
      this.#connect();
    }
  }

  #connect(): void {
    const { addresses, connections, reads, kind } = this.#attack;
    if (kind === "repeated" && this.#open.size + this.#connecting >= connections) return;
    const { host, port, serial } = this.#spec;
    this.#next = (this.#next + 1) % addresses;
    const localAddress = `127.${2 + (serial >> 8)}.${serial & 255}.${1 + this.#next}`;
    this.#connecting += 1;
    const socket = connect({ host, port, localAddress, noDelay: true });
    let isOpen = false;
    socket.on("error", () => {});
    socket.once("connect", () => {
      isOpen = true;
      this.#connecting -= 1;
      this.#openedCount += 1;
      this.#open.add(socket);
      this.#say(socket, this.#opening);
      if (!reads) socket.pause();
    });
    if (reads) {
      socket.on("data", (bytes: Buffer) => {
        this.#receivedBytes += bytes.length;
      });
    }
    socket.once("close", () => {
      if (!isOpen) this.#connecting -= 1;
      else this.#closedCount += 1;
      this.#open.delete(socket);
    });
  }

  #burst(): void {
    const [socket] = this.#open;
    if (socket === undefined || this.#again === null) return;
    // The next burst is another's.
    this.#open.delete(socket);
    this.#open.add(socket);
    // A gateway that does not read from it is not to fill our memory.
    if (!socket.writableNeedDrain) this.#say(socket, this.#again);
  }

  #drip(): void {
    const again = this.#again;
    if (again === null) return;
    for (const socket of this.#open) this.#say(socket, again);
  }

  #say(socket: Socket, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#sentBytes += bytes.length;
    socket.write(bytes);
  }
}

function openingOf({ greets, says }: Attack, metainfo: Metainfo): Uint8Array {
  if (greets === null) return says(metainfo);
  const bits = { fast: false, extended: false, v2: false, dht: false, ...greets };
  return Buffer.concat([
    Buffer.from("\x13BitTorrent protocol", "latin1"),
    reservedBytes(bits),
    infoHashBytes(metainfo.infoHash),
    Buffer.from("-SFEVIL-000000000000"),
    says(metainfo),
  ]);
}

function main(): void {
  const spec: AttackSpec = JSON.parse(process.argv[2] ?? "null");
  const attack = attackOf(spec.attack);
  const metainfo = parseMetainfo(readFileSync(spec.torrentFile));
  if (attack === null) throw new BenchError(`there is no attack "${spec.attack}"`);
  if (metainfo.kind !== "metainfo") throw new BenchError(`${spec.torrentFile} is no .torrent`);
  const attacker = new Attacker(attack, spec, metainfo);
  attacker.begin();
  const tell = (): void => {
    process.stdout.write(`${JSON.stringify({ event: "attacked", ...attacker.attacked })}\n`);
  };
  tell();
  setInterval(tell, TELL_EVERY_MS);
}

/** One attack on one gateway until it is ended: a process of its own, whose memory is its own. */
main();
