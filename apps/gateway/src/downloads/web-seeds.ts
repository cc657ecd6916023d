import type { Metainfo } from "@seedfleet/metainfo";
import type { Log, Meter } from "@seedfleet/telemetry";
import type { FetchRangePorts } from "./fetch-range.ts";
import type { TorrentDownload } from "./torrent-download.ts";
import { WebSeed, type WebSeedEnd, type WebSeedPorts } from "./web-seed.ts";

/** Web seeds of one download at once; the next when one is left alone. */
export const WEB_SEEDS_AT_ONCE_MAX = 8;

/** What is counted of all web seeds of a process. */
export type WebSeedMetrics = {
  readonly asked: WebSeedPorts["asked"];
  readonly left: (end: WebSeedEnd) => void;
};

export function webSeedMetrics(meter: Meter): WebSeedMetrics {
  const requests = meter.counter(
    "seedfleet_gateway_web_seed_requests",
    "Requests to web seeds, by outcome",
  );
  const bytes = meter.counter("seedfleet_gateway_web_seed_bytes", "Bytes that web seeds sent");
  const seeds = meter.counter(
    "seedfleet_gateway_web_seeds_left",
    "Web seeds that were left alone for good, by reason",
  );
  return {
    asked: (outcome) => {
      requests.add(1, { outcome: outcome.kind });
      if (outcome.kind === "bytes") bytes.add(outcome.bytes.length);
    },
    left: (reason) => seeds.add(1, { reason }),
  };
}

export type WebSeedsPorts = FetchRangePorts & {
  readonly log: Log;
  readonly metrics: WebSeedMetrics;
};

/** The web seeds of one download: as many as there may be, of those that are of use. */
export class WebSeeds {
  readonly #ports: WebSeedsPorts;
  readonly #metainfo: Metainfo;
  readonly #download: TorrentDownload;
  readonly #waiting: string[] = [];
  readonly #known = new Set<string>();
  readonly #seeds = new Set<WebSeed>();
  #ended = false;
  /** What the last one was left alone for. */
  #leftBecause: string | null = null;

  constructor(
    ports: WebSeedsPorts,
    of: { readonly metainfo: Metainfo; readonly urls: readonly string[] },
    download: TorrentDownload,
  ) {
    this.#ports = ports;
    this.#metainfo = of.metainfo;
    this.#download = download;
    this.add(of.urls);
  }

  /** Why none of them sends anything, for people; null if one does, or there is none. */
  get reason(): string | null {
    const seeds = [...this.#seeds];
    if (seeds.some(({ reason }) => reason === null)) return null;
    const [first] = seeds;
    return first === undefined ? this.#leftBecause : `${shown(first.url)}: ${first.reason}`;
  }

  /** Those that are new wait for their turn. */
  add(urls: readonly string[]): void {
    for (const url of urls) {
      if (this.#known.has(url) || !isWebUrl(url)) continue;
      this.#known.add(url);
      this.#waiting.push(url);
    }
    this.#begin();
  }

  /** The download is over. */
  end(): void {
    this.#ended = true;
    for (const seed of this.#seeds) seed.end();
    this.#seeds.clear();
  }

  #begin(): void {
    while (!this.#ended && this.#seeds.size < WEB_SEEDS_AT_ONCE_MAX) {
      const url = this.#waiting.shift();
      if (url === undefined) return;
      const left = (end: WebSeedEnd, reason: string): void => this.#left(seed, end, reason);
      const { asked } = this.#ports.metrics;
      const of = { url, metainfo: this.#metainfo };
      const seed = new WebSeed({ ...this.#ports, asked, left }, of, this.#download);
      this.#seeds.add(seed);
      seed.wake();
    }
  }

  #left(seed: WebSeed, end: WebSeedEnd, reason: string): void {
    this.#seeds.delete(seed);
    this.#ports.metrics.left(end);
    const { infoHash } = this.#metainfo;
    this.#leftBecause = `${shown(seed.url)}: ${reason}`;
    this.#ports.log.warn("web seed left alone", { infoHash, url: shown(seed.url), reason });
    this.#begin();
  }
}

function isWebUrl(url: string): boolean {
  return /^https?:\/\//i.test(url) && URL.canParse(url);
}

/** Without what only its owner should know. */
function shown(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
