import { AddressBytes } from "../addresses/address-bytes.ts";
import { forwardedFor } from "../addresses/forwarded-for.ts";
import type { Networks } from "../addresses/networks.ts";
import { AnnounceReply, AnnounceRequest } from "../announces/announce-request.ts";
import type { AnnounceAnswers, ScrapeCounts } from "../announces/announces.ts";
import { neverFulfilled, type TrackerViolation, type ViolationCode } from "../violation.ts";
import { type AnnounceForm, encodeAnnounce } from "./encode-announce.ts";
import { encodeFailure } from "./encode-failure.ts";
import { encodeScraped, SCRAPE_BEGIN, SCRAPE_END } from "./encode-scrape.ts";
import type { HttpHandler, HttpQuestion, HttpRefusal } from "./http-handler.ts";
import { AnnounceParser } from "./parse-announce.ts";
import { SCRAPE_OF_EVERYTHING, ScrapeParser } from "./parse-scrape.ts";
import type { ReplyBytes } from "./reply-bytes.ts";
import type { RequestParser } from "./request-parser.ts";
import { passkeyOf, routeOf } from "./route.ts";
import { type EverySwarm, WholeScrape } from "./whole-scrape.ts";

/** Each reads the whole store, at the cost of as many announces as there are swarms. */
export const WHOLE_SCRAPES_AT_ONCE_MAX = 2;

export type HttpCounts = {
  announced(outcome: "answered" | ViolationCode): void;
  scraped(outcome: "answered" | ViolationCode): void;
  refused(refusal: HttpRefusal): void;
};

export type HttpAnswersPorts = {
  readonly announces: AnnounceAnswers;
  readonly counts: HttpCounts;
  /** False for an address that asks too often; called once for each announce and scrape. */
  readonly admit: (address: AddressBytes) => boolean;
  /** All swarms for a scrape of everything; null where that is not allowed. */
  readonly everySwarm: ((passkey: string | null) => EverySwarm | TrackerViolation) | null;
};

export type HttpAnswersConfig = {
  /** Whoever asks from there may name its address by `ip`, `ipv4` and `ipv6`. */
  readonly mayNameAddress: Networks;
  /** The proxies whose `X-Forwarded-For` is believed. */
  readonly forwardingProxies: Networks;
  /** The most peers that the core writes into a reply. */
  readonly peersMax: number;
  readonly trackerId: string | null;
};

const PASSKEY_BROKEN = neverFulfilled("passkey-invalid", "Passkey is not valid");

const FORWARDED_BY_NOBODY = {
  sendableText: "Proxy does not say whose request it is",
  retryInMinutes: null,
} as const;

const TOO_OFTEN: TrackerViolation = {
  kind: "violation",
  code: "address-rate",
  sendableText: "Too many requests from this address, try again in a minute",
  retryInMinutes: 1,
};

const WHOLE_SCRAPES_FULL: TrackerViolation = {
  kind: "violation",
  code: "whole-scrapes-full",
  sendableText: "Too many scrapes of everything, try again in a minute",
  retryInMinutes: 1,
};

/** Announce and scrape over HTTP: bytes in, bytes out, and nothing awaited in between. */
export class HttpAnswers implements HttpHandler {
  readonly #ports: HttpAnswersPorts;
  readonly #config: HttpAnswersConfig;
  readonly #announceParser = new AnnounceParser();
  readonly #scrapeParser = new ScrapeParser();
  readonly #announce = new AnnounceRequest();
  readonly #forwarded = new AddressBytes();
  readonly #counts: ScrapeCounts = { seeders: 0, leechers: 0, partialSeeds: 0, downloaded: 0 };
  readonly #form: AnnounceForm & { asker: AddressBytes };
  #wholeScrapes = 0;

  constructor(ports: HttpAnswersPorts, config: HttpAnswersConfig) {
    this.#ports = ports;
    this.#config = config;
    this.#form = {
      reply: new AnnounceReply(config.peersMax),
      request: this.#announce,
      asker: this.#forwarded,
      trackerId: config.trackerId,
    };
  }

  refused(refusal: HttpRefusal): void {
    this.#ports.counts.refused(refusal);
  }

  answer(question: HttpQuestion, output: ReplyBytes): "written" | WholeScrape | null {
    const { request } = question;
    const route = routeOf(request);
    if (route === null) return null;
    const { counts, admit } = this.#ports;
    const announces = route === "announce";
    const asker = this.#asker(question);
    if (asker === null) {
      counts.refused("forwarded-for");
      encodeFailure(FORWARDED_BY_NOBODY, output);
      return "written";
    }
    const refusal = route === "passkey-broken" ? PASSKEY_BROKEN : null;
    const violation = refusal ?? (admit(asker) ? null : TOO_OFTEN);
    const answered =
      violation ??
      (announces
        ? this.#answerAnnounce(request, { asker, nowMs: question.nowMs }, output)
        : this.#answerScrape(request, output));
    if (answered !== null && "kind" in answered) {
      encodeFailure(answered, output);
      if (route === "scrape") counts.scraped(answered.code);
      else counts.announced(answered.code);
      return "written";
    }
    if (announces) counts.announced("answered");
    else counts.scraped("answered");
    return answered ?? "written";
  }

  /** The address behind the proxies, if they are ours; null if they do not say. */
  #asker({ request, address }: HttpQuestion): AddressBytes | null {
    const lines = request.forwardedFor;
    const { forwardingProxies } = this.#config;
    if (lines === null || !forwardingProxies.has(address)) return address;
    const asker = this.#forwarded;
    asker.copy(address.bytes, 0, address.length);
    return forwardedFor(lines, asker, forwardingProxies) ? asker : null;
  }

  #answerAnnounce(
    request: RequestParser,
    { asker, nowMs }: { readonly asker: AddressBytes; readonly nowMs: number },
    output: ReplyBytes,
  ): TrackerViolation | null {
    const announce = this.#announce;
    const maySetAddress = this.#config.mayNameAddress.has(asker);
    const malformed = this.#announceParser.parse(
      request,
      { address: asker, maySetAddress },
      announce,
    );
    if (malformed !== null) return malformed;
    announce.passkey = passkeyOf(request);
    const form = this.#form;
    form.reply.peers.wantPeerIds = !announce.compact && !announce.noPeerId;
    const refused = this.#ports.announces.answer(announce, form.reply, nowMs);
    if (refused !== null) return refused;
    form.asker = asker;
    encodeAnnounce(form, output);
    return null;
  }

  #answerScrape(request: RequestParser, output: ReplyBytes): TrackerViolation | WholeScrape | null {
    const parser = this.#scrapeParser;
    const passkey = passkeyOf(request);
    const malformed = parser.parse(request);
    if (malformed !== null) return malformed;
    if (parser.infoHashCount === 0) return this.#answerWholeScrape(passkey);
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

  #answerWholeScrape(passkey: string | null): TrackerViolation | WholeScrape {
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
}
