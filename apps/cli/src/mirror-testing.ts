import {
  type AnnouncedSeed,
  type Mirror,
  type MirrorProgress,
  mirrorProgressEvent,
} from "@seedfleet/contracts";
import {
  type AddedMirror,
  type AnnouncedSeeds,
  type Mirrors,
  openAnnouncedSeeds,
  openMirrors,
} from "@seedfleet/fleet";
import { silentTelemetry } from "@seedfleet/telemetry";
import { GivenFleet, givenInfoHash } from "./fleet-testing.ts";
import type { MirrorTotals } from "./mirror-totals.ts";
import type { ListedTorrent } from "./reporter.ts";
import type { WantedTorrent } from "./wanted-torrent.ts";

/** A magnet link of one tracker, but for what a test says. */
export function givenWanted(differing: Partial<WantedTorrent> = {}): WantedTorrent {
  return {
    ...{ infoHash: givenInfoHash("ab"), infoHashV2: null, name: "debian", private: false },
    ...{ trackers: [["udp://a/"]], webSeeds: [], peers: [], files: null, torrent: null },
    ...differing,
  };
}

export function givenMirror(differing: Partial<Mirror> = {}): Mirror {
  return {
    ...{ infoHash: givenInfoHash("ab"), infoHashV2: null, name: "debian", trackers: [] },
    ...{ webSeeds: [], peers: [], holder: "store-1", purpose: "mirror", gateways: 2, dht: false },
    addedAtMs: 1_000,
    ...differing,
  };
}

export function givenSeed(differing: Partial<AnnouncedSeed> = {}): AnnouncedSeed {
  return {
    ...{ infoHash: givenInfoHash("ab"), infoHashV2: null, name: "debian" },
    ...{ trackers: [["udp://a/", "udp://b/"]], gateways: 2, dht: false, sinceMs: 1_000 },
    ...differing,
  };
}

/** A gateway that downloads: four of ten pieces are there. */
export function givenProgress(differing: Partial<MirrorProgress> = {}): MirrorProgress {
  return {
    ...{ gateway: "gateway-1", state: "downloading", reason: null, name: "debian" },
    ...{ pieceCount: 10, pieceLengthBytes: 16_384, havePieces: 4, downloadedBytes: 65_536 },
    ...{ wastedBytes: 0, uploadedBytes: 0, bytesPerSecond: 16_384, peers: 3, seeds: 1 },
    ...differing,
  };
}

/** A fleet, and what a command that mirrors tells. */
export class GivenMirroring extends GivenFleet {
  readonly asked: AddedMirror[] = [];
  readonly listed: ListedTorrent[] = [];
  readonly there: string[] = [];
  readonly #awaited = new Set<{
    readonly isIt: (totals: MirrorTotals) => boolean;
    readonly found: () => void;
  }>();
  readonly reporter = {
    listed: (torrent: ListedTorrent): void => void this.listed.push(torrent),
    mirrorAsked: (added: AddedMirror): void => void this.asked.push(added),
    mirrorThere: ({ name }: { readonly name: string }, isAnnounced: boolean): void => {
      this.there.push(isAnnounced ? `${name} announced` : name);
    },
    mirroring: (totals: MirrorTotals): void => {
      for (const awaited of this.#awaited) {
        if (!awaited.isIt(totals)) continue;
        this.#awaited.delete(awaited);
        awaited.found();
      }
    },
  };

  mirrors(): Promise<Mirrors> {
    return openMirrors(this.bus, silentTelemetry.log);
  }

  seeds(): Promise<AnnouncedSeeds> {
    return openAnnouncedSeeds(this.bus, silentTelemetry.log);
  }

  /** A gateway's progress; only what is more than a step forward is reported at once. */
  progress(differing: Partial<MirrorProgress> = {}): void {
    const infoHash = givenInfoHash("ab");
    this.bus.publish(mirrorProgressEvent, { infoHash }, givenProgress(differing));
  }

  /** Resolves once this is reported. */
  until(isIt: (totals: MirrorTotals) => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#awaited.add({ isIt, found: resolve });
    return promise;
  }
}
