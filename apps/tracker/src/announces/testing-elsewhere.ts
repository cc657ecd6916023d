import type { TrackerViolation } from "../violation.ts";
import type { AnnounceReply, AnnounceRequest } from "./announce-request.ts";
import type { ScrapeCounts } from "./announces.ts";
import type {
  Answered,
  Elsewhere,
  HandedOver,
  HandOvers,
  LastWord,
  ScrapeAsked,
} from "./elsewhere.ts";

type Answers<Request, Reply, Counts> = {
  answer(request: Request, reply: Reply, nowMs: number): TrackerViolation | null;
  scrape(infoHash: Uint8Array, passkey: null, into: Counts): TrackerViolation | null;
};

export type GivenElsewherePorts<Request, Reply, Counts> = {
  readonly announces: Answers<Request, Reply, Counts>;
  readonly reply: Reply;
  readonly counts: Counts;
  /** Whether a swarm is another thread's; by default each is. */
  readonly has?: (infoHash: Uint8Array) => boolean;
};

/** Another thread for tests, which answers in the next turn, or when it is let. */
export class GivenElsewhere<Request, Reply, Counts> implements Elsewhere<Request, Reply, Counts> {
  /** What it has been asked; `answer` is called in a turn of its own, unless `holds`. */
  readonly asked: (() => void)[] = [];
  holds = false;
  isBusy = false;
  readonly #ports: GivenElsewherePorts<Request, Reply, Counts>;

  constructor(ports: GivenElsewherePorts<Request, Reply, Counts>) {
    this.#ports = ports;
  }

  ownerOf(infoHash: Uint8Array): number {
    return this.#ports.has?.(infoHash) === false ? -1 : 1;
  }

  announce(_owner: number, request: Request, answered: Answered<Reply>): boolean {
    const { announces, reply } = this.#ports;
    // What is given is used again for the next.
    const asked = structuredClone(request);
    return this.later(() => answered(announces.answer(asked, reply, 0), reply));
  }

  scrape(_owner: number, asked: ScrapeAsked, answered: Answered<Counts>): boolean {
    const { announces, counts } = this.#ports;
    const infoHash = Uint8Array.from(asked.infoHash);
    return this.later(() => answered(announces.scrape(infoHash, null, counts), counts));
  }

  /** Answers what it was asked. */
  release(): void {
    for (const answer of this.asked.splice(0)) answer();
  }

  protected later(answer: () => void): boolean {
    if (this.isBusy) return false;
    if (this.holds) this.asked.push(answer);
    else setImmediate(answer);
    return true;
  }
}

/** One that takes connections too, once it has a way to. */
export class GivenHandOvers
  extends GivenElsewhere<AnnounceRequest, AnnounceReply, ScrapeCounts>
  implements HandOvers
{
  takeOver: ((handedOver: HandedOver) => void) | null = null;
  /** As it was told last. */
  looksOften = false;

  handOver(_owner: number, request: AnnounceRequest, { descriptor, asker }: LastWord): boolean {
    const { takeOver } = this;
    if (takeOver === null) return false;
    // What is given is used again for the next.
    const kept = structuredClone({ request, asker, descriptor, nowMs: 0 });
    return this.later(() => takeOver(kept));
  }

  look(often: boolean): void {
    this.looksOften = often;
  }

  settled(): Promise<void> {
    return Promise.resolve();
  }
}
