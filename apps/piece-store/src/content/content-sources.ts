import { isAbsolute, sep } from "node:path";
import {
  type Content,
  type ContentListing,
  type ContentSource,
  contentChanged,
  type ListOptions,
} from "@seedfleet/content";
import { FsContentSource } from "@seedfleet/content-fs";
import { HttpContentSource } from "@seedfleet/content-http";
import { S3ContentSource, type S3Options } from "@seedfleet/content-s3";
import { isUnderOrigin } from "@seedfleet/fleet";
import { type Clock, errorCode } from "@seedfleet/runtime";
import type { S3Config } from "../config.ts";
import { locationNotAllowed } from "../errors.ts";
import { Slots } from "../slots.ts";
import { LocationTurns } from "./location-turns.ts";
import { canonicalUrl, type LocationKind, locationKind, placeOf } from "./locations.ts";

/** Of one place beyond the network; each lists a whole torrent, which may take a minute there. */
export const REMOTE_LOADS_AT_ONCE_MAX = 8;

export const REMOTE_LOADS_WAITING_MAX = 1_024;

export type ContentSourcesConfig = {
  readonly roots: readonly string[];
  readonly origins: readonly string[];
  readonly s3: S3Config;
};

type OpenSource = ContentSource & AsyncDisposable;

/**
 * Every place content may lie in, behind one port: each location goes to the source of its kind.
 * A source is made when it is first asked for, so a store without buckets loads no SDK's state.
 */
export class ContentSources implements ContentSource, AsyncDisposable {
  /** Keep reads and repairs of files apart, whichever torrents they are for. */
  readonly turns: LocationTurns = new LocationTurns();
  readonly #clock: Clock;
  readonly #config: ContentSourcesConfig;
  readonly #sources = new Map<LocationKind, OpenSource>();
  readonly #remoteLoads = new Map<string, Slots>();

  constructor({ clock }: { readonly clock: Clock }, config: ContentSourcesConfig) {
    this.#clock = clock;
    // What is allowed is compared with what a location is in the end: https://Host:443 is none.
    const origins = config.origins.map((origin) => canonicalUrl(origin) ?? origin);
    this.#config = { ...config, origins };
  }

  /** Which buckets and origins may be read here, as others are told. */
  get origins(): readonly string[] {
    return this.#config.origins;
  }

  /**
   * Where the location leads, if that is one of the roots or origins or under one. Links are
   * followed first, on both sides, so a link out of a root is refused and a root may be a link.
   */
  async resolve(location: string): Promise<string> {
    const { roots } = this.#config;
    if (locationKind(location) !== "file") return await this.#resolveRemote(location);
    if (!isAbsolute(location)) throw locationNotAllowed(location, this.#config);
    const resolved = await this.#sourceOf(location).resolve(location);
    for (const root of roots) {
      const resolvedRoot = await this.resolveIfThere(root);
      if (resolvedRoot !== null && isUnder(resolved, resolvedRoot)) return resolved;
    }
    throw locationNotAllowed(location, this.#config);
  }

  /**
   * Where a path leads, allowed or not; null where there is nothing. A bucket or an origin that may
   * not be read is not asked, and has nothing.
   */
  async resolveIfThere(location: string): Promise<string | null> {
    try {
      if (locationKind(location) !== "file" && !this.#mayAsk(location)) return null;
      return await this.#sourceOf(location).resolve(location);
    } catch (error) {
      if (errorCode(error) === "content-missing") return null;
      throw error;
    }
  }

  /**
   * Whether this store may read a bucket or an origin, whoever has put it into the catalog. What
   * is not written in the form that is compared may lead elsewhere than it seems to.
   */
  reads(location: string): boolean {
    return canonicalUrl(location) === location && isUnderOrigin(location, this.#config.origins);
  }

  /**
   * Rejects with `path-outside-roots` where what was published from a location may not be read any
   * more, and with `content-changed` where the way to it leads elsewhere now.
   */
  async checkStillAllowed(location: string): Promise<void> {
    if (locationKind(location) === "file") {
      if ((await this.resolve(location)) !== location) throw contentChanged(location);
    } else if (!this.reads(location)) {
      throw locationNotAllowed(withoutSecrets(location), this.#config);
    }
  }

  /** What bounds the listing of torrents beyond the network, so that no outage holds up others. */
  remoteLoads(location: string): Slots {
    const place = placeOf(location);
    const loads = this.#remoteLoads.get(place) ?? new Slots(REMOTE_LOADS);
    this.#remoteLoads.set(place, loads);
    return loads;
  }

  list(location: string, options?: ListOptions): Promise<ContentListing> {
    return this.#sourceOf(location).list(location, options);
  }

  open(listing: ContentListing): Content {
    return this.#sourceOf(listing.path).open(listing);
  }

  /** Ends what is under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closing = this.#sources.values().map((source) => source[Symbol.asyncDispose]());
    await Promise.all(closing);
  }

  /** An origin is not asked anything, and its source says what is wrong with the URL as such. */
  async #resolveRemote(location: string): Promise<string> {
    const isHttp = locationKind(location) === "http";
    if (isHttp || this.#mayAsk(location)) {
      const canonical = await this.#sourceOf(location).resolve(location);
      if (isUnderOrigin(canonical, this.#config.origins)) return canonical;
    }
    throw locationNotAllowed(withoutSecrets(location), this.#config);
  }

  #mayAsk(location: string): boolean {
    return isUnderOrigin(canonicalUrl(location) ?? "", this.#config.origins);
  }

  #sourceOf(location: string): OpenSource {
    const kind = locationKind(location);
    const source = this.#sources.get(kind) ?? this.#make(kind, location);
    this.#sources.set(kind, source);
    return source;
  }

  #make(kind: LocationKind, location: string): OpenSource {
    const clock = this.#clock;
    const { origins, s3 } = this.#config;
    if (kind === "managed") throw locationNotAllowed(location, this.#config);
    if (kind === "file") return new FsContentSource({ clock });
    if (kind === "s3") return new S3ContentSource({ clock }, s3Options(s3));
    return new HttpContentSource({
      clock,
      allowed: ({ href }) => isUnderOrigin(href, origins),
    });
  }
}

const REMOTE_LOADS = {
  atOnceMax: REMOTE_LOADS_AT_ONCE_MAX,
  waitingMax: REMOTE_LOADS_WAITING_MAX,
};

/** People paste URLs with passwords and signatures in them. */
function withoutSecrets(location: string): string {
  return location.replace(/\/\/[^/]*@/, "//…@").replace(/\?.*/s, "?…");
}

function isUnder(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}

function s3Options({ endpoint, region, addressing }: S3Config): S3Options {
  return { endpoint, region, forcePathStyle: addressing === "auto" ? null : addressing === "path" };
}
