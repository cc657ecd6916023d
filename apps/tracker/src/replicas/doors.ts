import type { Clock, Rng } from "@seedfleet/runtime";
import type { AddressBytes } from "../addresses/address-bytes.ts";
import { AddressRates } from "../addresses/address-rates.ts";
import type { Networks } from "../addresses/networks.ts";
import { AnnounceReply, AnnounceRequest } from "../announces/announce-request.ts";
import type { Elsewhere, HandedOver, HandOvers } from "../announces/elsewhere.ts";
import { REPLY_ROWS_MAX } from "../handout/fill-reply.ts";
import { HttpAnswers } from "../http/http-answers.ts";
import { type HttpListener, listenHttp } from "../http/http-listener.ts";
import { type SwarmLists, SwarmsOfAll } from "../threads/every-swarm.ts";
import type { SwarmShares } from "../threads/swarm-owners.ts";
import { type Datagram, type DatagramAnswers, UdpAnswers } from "../udp/answer-udp.ts";
import { ConnectionIds, type SourceAddress } from "../udp/connection-ids.ts";
import type { SendLater } from "../udp/put-off.ts";
import { SILENCE, UdpCounts } from "../udp/udp-counts.ts";
import { listenUdp, type UdpListener } from "../udp/udp-listener.ts";
import { type ReplicaCounts, Tally } from "./replica-counts.ts";
import type { TrackerReplica } from "./tracker-replica.ts";

/** Requests of one address are counted for so long. */
const RATE_WINDOW_MS = 10_000;

export type DoorsConfig = {
  readonly host: string;
  readonly port: number;
  /** Null takes the port that HTTP has. */
  readonly udpPort: number | null;
  readonly udp: boolean;
  /** Of threads that listen at the same ports; null where there is one. */
  readonly shares: SwarmShares | null;
  readonly connectionsMax: number;
  /** Of connection ids: 16 bytes. */
  readonly udpKey: Uint8Array;
  readonly trackerId: string | null;
  readonly wholeScrape: boolean;
  /** Of one address in ten seconds; null for any number. */
  readonly requestsPerAddressMax: number | null;
  readonly trustedNetworks: Networks;
  readonly forwardingProxies: Networks;
  readonly proxyProtocolProxies: Networks;
};

export type DoorPorts = {
  readonly elsewhere: Elsewhere & HandOvers & SwarmLists;
  readonly rng: Rng;
};

type DoorCounts = Omit<ReplicaCounts, "swarms" | "peers" | "torrents" | "storeBytes">;

/**
 * Where announces come in: a TCP port for HTTP and a UDP port. Until they are opened whoever asks
 * over HTTP is told to come back, and over UDP nothing, after which clients ask again.
 */
export class Doors implements AsyncDisposable {
  readonly port: number;
  readonly udpPort: number | null;
  readonly #clock: Clock;
  readonly #config: DoorsConfig;
  readonly #http: HttpListener;
  readonly #udp: UdpListener | null;
  readonly #datagrams: AnswersOnceOpen;
  readonly #announces = new Tally();
  readonly #scrapes = new Tally();
  readonly #refusals = new Tally();

  private constructor(
    clock: Clock,
    config: DoorsConfig,
    listening: { http: HttpListener; udp: UdpListener | null; datagrams: AnswersOnceOpen },
  ) {
    this.#clock = clock;
    this.#config = config;
    this.#http = listening.http;
    this.#udp = listening.udp;
    this.#datagrams = listening.datagrams;
    this.port = listening.http.port;
    this.udpPort = listening.udp?.port ?? null;
  }

  /** Takes the ports. Throws what `cannotListen` makes. */
  static async listen(clock: Clock, config: DoorsConfig): Promise<Doors> {
    const { host, port, udpPort, shares, proxyProtocolProxies: proxies } = config;
    const reusePort = shares !== null;
    const readsForwardedFor = config.forwardingProxies.size > 0;
    const { connectionsMax } = config;
    await using starting = new AsyncDisposableStack();
    const http = starting.use(
      await listenHttp(
        { clock },
        { host, port, reusePort },
        { connectionsMax, proxies, readsForwardedFor },
      ),
    );
    const datagrams = new AnswersOnceOpen();
    const options = { answers: datagrams, clock, reusePort, batches: true, shares };
    const udp = config.udp
      ? starting.use(await listenUdp({ host, port: udpPort ?? http.port }, options))
      : null;
    starting.move();
    return new Doors(clock, config, { http, udp, datagrams });
  }

  /** Answers what another thread took; null where nothing can be handed over. */
  get takeOver(): ((announce: HandedOver) => void) | null {
    return this.#http.takeOver;
  }

  get counts(): DoorCounts {
    const udp = this.#datagrams.counts;
    return {
      httpAnnounces: this.#announces.counts(),
      httpScrapes: this.#scrapes.counts(),
      httpRefusals: this.#refusals.counts(),
      udpAnnounces: udp.announces,
      udpScrapes: udp.scrapes,
      udpConnects: udp.connects,
      udpRefusals: Object.fromEntries(udp.refusals),
      udpSilences: { ...udp.silences },
      connections: this.#http.connectionCount,
    };
  }

  /** From now on announces are answered. */
  open({ announces, swarms }: TrackerReplica, { elsewhere, rng }: DoorPorts): void {
    const { trustedNetworks, forwardingProxies, trackerId, wholeScrape, udpKey } = this.#config;
    const rates = (): AddressRates => this.#rates(rng);
    const httpRates = rates();
    this.#http.handle(
      new HttpAnswers(
        {
          announces,
          elsewhere,
          counts: {
            announced: (outcome) => this.#announces.add(outcome),
            scraped: (outcome) => this.#scrapes.add(outcome),
            refused: (refusal) => this.#refusals.add(refusal),
          },
          admit: ({ bytes, length }: AddressBytes) =>
            httpRates.take(bytes, length, this.#clock.nowMs()),
          everySwarm: wholeScrape ? () => new SwarmsOfAll(swarms, elsewhere) : null,
        },
        {
          mayNameAddress: trustedNetworks,
          forwardingProxies,
          peersMax: REPLY_ROWS_MAX,
          trackerId,
        },
      ),
    );
    const request = new AnnounceRequest();
    request.keepsPeerId = false;
    this.#datagrams.answers = new UdpAnswers({
      announces,
      elsewhere,
      request,
      reply: new AnnounceReply(REPLY_ROWS_MAX),
      scrapeCounts: { seeders: 0, leechers: 0, partialSeeds: 0, downloaded: 0 },
      ids: new ConnectionIds(udpKey),
      connectRates: rates(),
      requestRates: rates(),
      trusts: ({ address, addressBytes }: SourceAddress) =>
        trustedNetworks.has({ bytes: address, length: addressBytes }),
    });
  }

  /** Takes no new connections; resolves when those at work have their answers. */
  drain(): Promise<void> {
    return this.#http.drain();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#udp?.[Symbol.asyncDispose]();
    await this.#http[Symbol.asyncDispose]();
  }

  #rates(rng: Rng): AddressRates {
    const { requestsPerAddressMax: requestsPerWindowMax } = this.#config;
    const windowMs = RATE_WINDOW_MS;
    return new AddressRates({ requestsPerWindowMax, windowMs, seed: rng.below(2 ** 32) });
  }
}

/** What a UDP socket asks, before and after there is somebody who knows. */
class AnswersOnceOpen implements DatagramAnswers {
  answers: DatagramAnswers | null = null;
  readonly #before = new UdpCounts();

  get counts(): UdpCounts {
    return this.answers?.counts ?? this.#before;
  }

  answer(datagram: Datagram, into: Uint8Array, nowMs: number): number {
    return this.answers?.answer(datagram, into, nowMs) ?? SILENCE;
  }

  later(send: SendLater): void {
    this.answers?.later(send);
  }
}
