import { AddressBytes } from "../addresses/address-bytes.ts";
import { forwardedFor } from "../addresses/forwarded-for.ts";
import type { Networks } from "../addresses/networks.ts";
import { AnnounceReply, AnnounceRequest } from "../announces/announce-request.ts";
import type { AnnounceAnswers } from "../announces/announces.ts";
import { type Elsewhere, type HandedOver, type HandOvers, HERE } from "../announces/elsewhere.ts";
import {
  neverFulfilled,
  THREAD_BUSY,
  type TrackerViolation,
  type ViolationCode,
} from "../violation.ts";
import { HttpScrapes, type HttpScrapesPorts } from "./answer-scrape.ts";
import { type AnnounceForm, encodeAnnounce } from "./encode-announce.ts";
import { encodeFailure } from "./encode-failure.ts";
import type { HttpAnswer, HttpHandler, HttpQuestion, HttpRefusal } from "./http-handler.ts";
import { LateAnswer } from "./late-answer.ts";
import { AnnounceParser } from "./parse-announce.ts";
import type { ReplyBytes } from "./reply-bytes.ts";
import { passkeyOf, routeOf } from "./route.ts";

export type HttpCounts = {
  announced(outcome: "answered" | ViolationCode): void;
  scraped(outcome: "answered" | ViolationCode): void;
  refused(refusal: HttpRefusal): void;
};

export type HttpAnswersPorts = Omit<HttpScrapesPorts, "scraped"> & {
  readonly announces: AnnounceAnswers;
  readonly elsewhere: Elsewhere & HandOvers;
  readonly counts: HttpCounts;
  /** False for an address that asks too often; called once for each announce and scrape. */
  readonly admit: (address: AddressBytes) => boolean;
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

/** Announce and scrape over HTTP: bytes in, bytes out, and nothing awaited in between. */
export class HttpAnswers implements HttpHandler {
  readonly #ports: HttpAnswersPorts;
  readonly #config: HttpAnswersConfig;
  readonly #announceParser = new AnnounceParser();
  readonly #scrapes: HttpScrapes;
  readonly #announce = new AnnounceRequest();
  readonly #forwarded = new AddressBytes();
  readonly #form: AnnounceForm & { asker: AddressBytes };

  constructor(ports: HttpAnswersPorts, config: HttpAnswersConfig) {
    this.#ports = ports;
    this.#config = config;
    const { announces, elsewhere, everySwarm, counts } = ports;
    const scraped = counts.scraped.bind(counts);
    this.#scrapes = new HttpScrapes({ announces, elsewhere, everySwarm, scraped });
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

  look(often: boolean): void {
    this.#ports.elsewhere.look(often);
  }

  answerHandedOver({ request, asker, nowMs }: HandedOver, output: ReplyBytes): void {
    const { reply, trackerId } = this.#form;
    reply.peers.wantPeerIds = !request.compact && !request.noPeerId;
    const refused = this.#ports.announces.answer(request, reply, nowMs);
    this.#ports.counts.announced(refused?.code ?? "answered");
    if (refused === null) encodeAnnounce({ reply, request, asker, trackerId }, output);
    else encodeFailure(refused, output);
  }

  answer(question: HttpQuestion, output: ReplyBytes): HttpAnswer | null {
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
        ? this.#answerAnnounce(question, asker, output)
        : this.#scrapes.answer(request, output));
    if (isViolation(answered)) {
      encodeFailure(answered, output);
      if (route === "scrape") counts.scraped(answered.code);
      else counts.announced(answered.code);
      return "written";
    }
    if (answered instanceof LateAnswer || answered === "handed-over") return answered;
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
    { request, nowMs, descriptor }: HttpQuestion,
    asker: AddressBytes,
    output: ReplyBytes,
  ): TrackerViolation | LateAnswer | "handed-over" | null {
    const announce = this.#announce;
    const maySetAddress = this.#config.mayNameAddress.has(asker);
    const malformed = this.#announceParser.parse(
      request,
      { address: asker, maySetAddress },
      announce,
    );
    if (malformed !== null) return malformed;
    announce.passkey = passkeyOf(request);
    const { announces, elsewhere } = this.#ports;
    const owner = elsewhere.ownerOf(announce.infoHash);
    if (owner !== HERE) {
      const on = descriptor === undefined ? null : { descriptor, asker };
      if (on !== null && elsewhere.handOver(owner, announce, on)) return "handed-over";
      return this.#announceTo(owner, asker);
    }
    const form = this.#form;
    form.reply.peers.wantPeerIds = !announce.compact && !announce.noPeerId;
    const refused = announces.answer(announce, form.reply, nowMs);
    if (refused !== null) return refused;
    form.asker = asker;
    encodeAnnounce(form, output);
    return null;
  }

  /** Asks the thread that has the swarm. */
  #announceTo(owner: number, asker: AddressBytes): TrackerViolation | LateAnswer {
    const { elsewhere, counts } = this.#ports;
    const { compact, noPeerId } = this.#announce;
    const { trackerId } = this.#config;
    const askedFrom = new AddressBytes();
    askedFrom.copy(asker.bytes, 0, asker.length);
    const late = new LateAnswer();
    const asked = elsewhere.announce(owner, this.#announce, (refused, reply) => {
      counts.announced(refused?.code ?? "answered");
      late.ready((output) => {
        const form = { reply, request: { compact, noPeerId }, asker: askedFrom, trackerId };
        if (refused === null) encodeAnnounce(form, output);
        else encodeFailure(refused, output);
      });
    });
    return asked ? late : THREAD_BUSY;
  }
}

function isViolation(answered: object | string | null): answered is TrackerViolation {
  return typeof answered === "object" && answered !== null && "kind" in answered;
}
