import type { PublishedTorrents } from "../torrents/published-torrents.ts";
import type { Passkeys } from "../users/passkeys.ts";
import type { UsageLedger } from "../users/usage-ledger.ts";
import {
  notRegistered,
  passkeyRequired,
  passkeyUnknown,
  starting,
  type TrackerViolation,
} from "../violation.ts";
import type { AnnounceRequest } from "./announce-request.ts";

/** Which torrents a tracker is for, and whose clients. */
export type TrackerMode = "catalog" | "open" | "private";

export const TRACKER_MODES: readonly TrackerMode[] = ["catalog", "open", "private"];

/** Lets announces in, or says why not. */
export interface Gate {
  /** Whether gateways serve its torrents: a leecher that is told of nobody may soon have one. */
  readonly hasGateways: boolean;
  /** Writes the info hash that the swarm goes by over the one that was asked for. */
  admit(request: AnnounceRequest): TrackerViolation | null;
  /** Writes the info hash that the swarm goes by over another one; false if it is nobody's. */
  swarmOf(infoHash: Uint8Array): boolean;
  /** The same as `admit` for a scrape of one torrent. */
  admitScrape(infoHash: Uint8Array, passkey: string | null): TrackerViolation | null;
  /** The zones whose gateways may serve a swarm's torrent; null for any. */
  zonesOf(infoHash: Uint8Array): readonly string[] | null;
}

/** Any torrent, for anybody: nobody of the fleet has it, so there are no gateways for it. */
export class OpenGate implements Gate {
  readonly hasGateways = false;

  admit(): null {
    return null;
  }

  swarmOf(): boolean {
    return true;
  }

  admitScrape(): null {
    return null;
  }

  zonesOf(): null {
    return null;
  }
}

/** The torrents of the catalog, for anybody. */
export class CatalogGate implements Gate {
  readonly hasGateways = true;
  readonly #torrents: PublishedTorrents;

  constructor(torrents: PublishedTorrents) {
    this.#torrents = torrents;
  }

  admit({ infoHash }: AnnounceRequest): TrackerViolation | null {
    return this.admitScrape(infoHash);
  }

  swarmOf(infoHash: Uint8Array): boolean {
    return this.#torrents.resolve(infoHash);
  }

  admitScrape(infoHash: Uint8Array): TrackerViolation | null {
    if (this.#torrents.resolve(infoHash)) return null;
    return this.#torrents.known ? notRegistered() : starting();
  }

  zonesOf(infoHash: Uint8Array): readonly string[] | null {
    return this.#torrents.zonesOf(infoHash);
  }
}

/** Any torrent, for whoever has a passkey. */
export class PrivateGate implements Gate {
  readonly hasGateways = false;
  readonly #passkeys: Passkeys;
  readonly #ledger: UsageLedger;

  constructor(passkeys: Passkeys, ledger: UsageLedger) {
    this.#passkeys = passkeys;
    this.#ledger = ledger;
  }

  admit(request: AnnounceRequest): TrackerViolation | null {
    const user = this.#userOf(request.passkey);
    if (typeof user !== "string") return user;
    this.#ledger.record(user, request);
    return null;
  }

  swarmOf(): boolean {
    return true;
  }

  admitScrape(_infoHash: Uint8Array, passkey: string | null): TrackerViolation | null {
    const user = this.#userOf(passkey);
    return typeof user === "string" ? null : user;
  }

  zonesOf(): null {
    return null;
  }

  #userOf(passkey: string | null): string | TrackerViolation {
    if (passkey === null) return passkeyRequired();
    const user = this.#passkeys.userOf(passkey);
    if (user !== null) return user;
    return this.#passkeys.known ? passkeyUnknown() : starting();
  }
}
