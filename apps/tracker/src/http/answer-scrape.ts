import type { AnnounceAnswers, ScrapeCounts } from "../announces/announces.ts";
import { type Elsewhere, HERE } from "../announces/elsewhere.ts";
import { THREAD_BUSY, type TrackerViolation, type ViolationCode, violation } from "../violation.ts";
import { encodeFailure } from "./encode-failure.ts";
import { encodeScraped, SCRAPE_BEGIN, SCRAPE_END } from "./encode-scrape.ts";
import { LateAnswer } from "./late-answer.ts";
import { SCRAPE_OF_EVERYTHING, ScrapeParser } from "./parse-scrape.ts";
import type { ReplyBytes } from "./reply-bytes.ts";
import type { RequestParser } from "./request-parser.ts";
import { passkeyOf } from "./route.ts";
import { type EverySwarm, WholeScrape } from "./whole-scrape.ts";

/** Each reads the whole store, at the cost of as many announces as there are swarms. */
export const WHOLE_SCRAPES_AT_ONCE_MAX = 2;

const WHOLE_SCRAPES_FULL: TrackerViolation = {
  ...violation("whole-scrapes-full", "Too many scrapes of everything, try again in a minute"),
  retryInMinutes: 1,
};

export type HttpScrapesPorts = {
  readonly announces: Pick<AnnounceAnswers, "scrape">;
  readonly elsewhere: Elsewhere;
  /** All swarms for a scrape of everything; null where that is not allowed. */
  readonly everySwarm: ((passkey: string | null) => EverySwarm | TrackerViolation) | null;
  readonly scraped: (outcome: "answered" | ViolationCode) => void;
};

/** Scrapes of one torrent, of several, or of all (BEP 48), which several threads may have. */
export class HttpScrapes {
  readonly #ports: HttpScrapesPorts;
  readonly #parser = new ScrapeParser();
  readonly #counts: ScrapeCounts = { seeders: 0, leechers: 0, partialSeeds: 0, downloaded: 0 };
  #wholeScrapes = 0;

  constructor(ports: HttpScrapesPorts) {
    this.#ports = ports;
  }

  /** Null if the answer is written. Only one that comes later is counted here. */
  answer(
    request: RequestParser,
    output: ReplyBytes,
  ): TrackerViolation | WholeScrape | LateAnswer | null {
    const parser = this.#parser;
    const passkey = passkeyOf(request);
    const malformed = parser.parse(request);
    if (malformed !== null) return malformed;
    if (parser.infoHashCount === 0) return this.#answerAll(passkey);
    if (this.#isElsewhere()) return this.#answerLater(passkey);
    const bodyFrom = output.length;
    output.text(SCRAPE_BEGIN);
    for (let index = 0; index < parser.infoHashCount; index += 1) {
      const infoHash = parser.infoHash(index);
      const refused = this.#ports.announces.scrape(infoHash, passkey, this.#counts);
      if (refused === null) {
        encodeScraped(infoHash, this.#counts, output);
      } else if (refused.code !== "not-registered") {
        output.length = bodyFrom;
        return refused;
      }
    }
    output.text(SCRAPE_END);
    return null;
  }

  #answerAll(passkey: string | null): TrackerViolation | WholeScrape {
    const { everySwarm } = this.#ports;
    if (everySwarm === null) return SCRAPE_OF_EVERYTHING;
    if (this.#wholeScrapes >= WHOLE_SCRAPES_AT_ONCE_MAX) return WHOLE_SCRAPES_FULL;
    const swarms = everySwarm(passkey);
    if ("kind" in swarms) return swarms;
    this.#wholeScrapes += 1;
    return new WholeScrape(swarms, () => {
      this.#wholeScrapes -= 1;
    });
  }

  #isElsewhere(): boolean {
    const { elsewhere } = this.#ports;
    for (let index = 0; index < this.#parser.infoHashCount; index += 1) {
      if (elsewhere.ownerOf(this.#parser.infoHash(index)) !== HERE) return true;
    }
    return false;
  }

  /** Asks every thread that has one of the swarms. */
  #answerLater(passkey: string | null): TrackerViolation | LateAnswer {
    const { announces, elsewhere, scraped } = this.#ports;
    const parser = this.#parser;
    const late = new LateScrape(scraped);
    for (let index = 0; index < parser.infoHashCount; index += 1) {
      const infoHash = Uint8Array.from(parser.infoHash(index));
      const owner = elsewhere.ownerOf(infoHash);
      const came = late.expect(infoHash);
      if (owner === HERE) {
        came(announces.scrape(infoHash, passkey, this.#counts), this.#counts);
      } else if (!elsewhere.scrape(owner, { infoHash, passkey }, came)) {
        return THREAD_BUSY;
      }
    }
    late.expectNoMore();
    return late.answer;
  }
}

/** Gathers the counts of several torrents, in whatever order they come. */
class LateScrape {
  readonly answer: LateAnswer = new LateAnswer();
  readonly #scraped: HttpScrapesPorts["scraped"];
  readonly #files: { readonly infoHash: Uint8Array; counts: ScrapeCounts | null }[] = [];
  /** One for those that are not expected yet. */
  #missing = 1;
  #refused: TrackerViolation | null = null;

  constructor(scraped: HttpScrapesPorts["scraped"]) {
    this.#scraped = scraped;
  }

  /** One more torrent; what is given is to be called with its counts. */
  expect(infoHash: Uint8Array): (refused: TrackerViolation | null, counts: ScrapeCounts) => void {
    const file = { infoHash, counts: null as ScrapeCounts | null };
    this.#files.push(file);
    this.#missing += 1;
    return (refused, counts) => {
      if (refused === null) file.counts = { ...counts };
      else if (refused.code !== "not-registered") this.#refused = refused;
      this.#came();
    };
  }

  expectNoMore(): void {
    this.#came();
  }

  #came(): void {
    this.#missing -= 1;
    if (this.#missing === 0) this.#ready();
  }

  #ready(): void {
    const refused = this.#refused;
    this.#scraped(refused?.code ?? "answered");
    this.answer.ready((output) => {
      if (refused !== null) return encodeFailure(refused, output);
      output.text(SCRAPE_BEGIN);
      for (const { infoHash, counts } of this.#files) {
        if (counts !== null) encodeScraped(infoHash, counts, output);
      }
      output.text(SCRAPE_END);
    });
  }
}
