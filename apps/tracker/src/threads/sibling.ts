import { ThreadReader, ThreadWriter } from "./thread-bytes.ts";
import { RING_BYTES, ThreadRing } from "./thread-ring.ts";

/** Questions to one thread that are not answered yet; more would only wait longer. */
export const ASKED_MAX = 16_384;

/** Connections handed over to one thread that are not answered yet: some 5 ms of its time. */
export const HANDED_OVER_MAX = 256;

/** Batches read in a row; then others of this thread get their turn. */
const BATCHES_PER_TURN = 16;

/** Tells the other thread to look into its ring. */
const BELL = null;

/** Where batches are read to, one after the other, whichever thread they are of. */
const BATCH = new Uint8Array(RING_BYTES);

/** One end of a channel between two threads: a `MessagePort`, but for tests. */
export interface ThreadPort {
  postMessage(batch: Uint8Array<ArrayBuffer> | null, handedOver: ArrayBuffer[]): void;
  on(event: "message", heard: (batch: Uint8Array | null) => void): unknown;
}

/** The ways to another thread and back, as plain data that goes from thread to thread. */
export type ThreadWay<Port = ThreadPort> = {
  readonly port: Port;
  readonly out: SharedArrayBuffer;
  readonly back: SharedArrayBuffer;
};

export type SiblingHeard = {
  /** Reads all of a batch. */
  readonly hear: (reader: ThreadReader) => void;
  /** Whether connections may be in it. */
  readonly takes: boolean;
};

/**
 * Another thread, what it was asked, and what it is to be told at the end of this turn. Batches go
 * through a ring, and the port wakes whoever does not look into it; what finds no room in the ring
 * goes by the port itself. Their order does not matter.
 */
export class Sibling<Heard> {
  readonly writer: ThreadWriter = new ThreadWriter();
  readonly #port: ThreadPort;
  readonly #out: ThreadRing;
  readonly #back: ThreadRing;
  readonly #reader = new ThreadReader();
  readonly #hear: (reader: ThreadReader) => void;
  readonly #asked = new Map<number, Heard>();
  #number = 0;
  #handedOver = 0;
  #looksOften = false;
  #isPlanned = false;

  constructor({ port, out, back }: ThreadWay, { hear, takes }: SiblingHeard) {
    this.#port = port;
    this.#out = new ThreadRing(out);
    this.#back = new ThreadRing(back);
    this.#hear = hear;
    if (takes) this.#back.setTakes();
    port.on("message", (batch) => {
      if (batch !== BELL) hear(new ThreadReader(batch));
      this.#look();
      this.#flush();
    });
  }

  get hasRoom(): boolean {
    return this.#asked.size < ASKED_MAX;
  }

  /** The number of a question, to be written now; `heard` is for its answer. */
  ask(heard: Heard): number {
    this.#number = (this.#number + 1) >>> 0;
    this.#asked.set(this.#number, heard);
    this.#plan();
    return this.#number;
  }

  /** Whom the answer with this number is for; once. */
  take(number: number): Heard | undefined {
    const heard = this.#asked.get(number);
    this.#asked.delete(number);
    return heard;
  }

  /** Whether one connection may be written now. */
  handOver(): boolean {
    const out = this.#out;
    if (!out.takes || out.unanswered(this.#handedOver) >= HANDED_OVER_MAX) return false;
    this.#handedOver = (this.#handedOver + 1) >>> 0;
    if (!this.#looksOften) this.#plan();
    return true;
  }

  /** So many that the other one handed over are answered. */
  tookOver(connections: number): void {
    this.#back.addAnswered(connections);
  }

  settled(): Promise<void> {
    return this.#out.settled(this.#handedOver);
  }

  /** Says all that is to be said, and hears what has come; `often`: and soon again. */
  look(often: boolean): void {
    this.#looksOften = often;
    this.#flush();
    this.#look();
    this.#flush();
  }

  /** All that is asked in one turn of the event loop goes together. */
  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    this.#back.setLooks(true);
    setImmediate(() => {
      this.#isPlanned = false;
      this.#flush();
      this.#look();
      this.#flush();
    });
  }

  /** Reads what has come. */
  #look(): void {
    this.#back.setLooks(this.#looksOften);
    for (let batches = 0; batches < BATCHES_PER_TURN; batches += 1) {
      const length = this.#back.read(BATCH);
      if (length === 0) return;
      this.#reader.begin(BATCH, length);
      this.#hear(this.#reader);
    }
    this.#plan();
  }

  #flush(): void {
    const { writer } = this;
    if (writer.isEmpty) return;
    if (!this.#out.write(writer.bytes, writer.length)) {
      const batch = writer.bytes.slice(0, writer.length);
      this.#port.postMessage(batch, [batch.buffer]);
    } else if (!this.#out.setLooks(true)) {
      this.#port.postMessage(BELL, []);
    }
    writer.clear();
  }
}
