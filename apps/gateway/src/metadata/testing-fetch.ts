import { silentTelemetry } from "@seedfleet/telemetry";
import { VirtualClock } from "@seedfleet/testkit";
import { until } from "../testing.ts";
import { givenPeerId } from "../testing-peer.ts";
import type { GivenTorrent } from "../testing-torrent.ts";
import {
  MetadataFetch,
  type MetadataFetchOptions,
  type MetadataFetchPorts,
} from "./metadata-fetch.ts";
import type { MetadataEnd } from "./metadata-peer.ts";

/** What a fetch told others of, in order. */
export type FetchRecord = {
  readonly ends: MetadataEnd[];
  readonly outcomes: string[];
  readonly found: { readonly host: string; readonly port: number }[];
};

export type GivenFetch = Disposable & {
  readonly fetch: MetadataFetch;
  readonly clock: VirtualClock;
  readonly record: FetchRecord;
};

/** A fetch of a torrent of which its names are known, as a magnet has them. */
export function givenFetch(
  { metainfo }: Pick<GivenTorrent, "metainfo">,
  differing: Partial<MetadataFetchOptions> = {},
  ports: Partial<MetadataFetchPorts> = {},
): GivenFetch {
  const clock = new VirtualClock();
  const record: FetchRecord = { ends: [], outcomes: [], found: [] };
  const metrics = {
    left: (reason: MetadataEnd) => void record.ends.push(reason),
    fetched: (outcome: string) => void record.outcomes.push(outcome),
  };
  const peersFound: MetadataFetchPorts["peersFound"] = (addresses) =>
    void record.found.push(...addresses);
  const { infoHash, infoHashV2 } = metainfo;
  const fetch = new MetadataFetch(
    { ...{ clock, log: silentTelemetry.log, metrics, peersFound }, ...ports },
    {
      ...{ infoHash, infoHashV2, ownPeerId: givenPeerId("fetcher") },
      ...{ encryption: "allowed", listenPort: null, ...differing },
    },
  );
  return { fetch, clock, record, [Symbol.dispose]: () => fetch.stop() };
}

/** So little that whatever is on its way over the loopback comes in time. */
const TURN_MS = 20;

/** Lets the event loop turn, and the virtual clock with it, until something holds. */
export function untilInItsTime(clock: VirtualClock, holds: () => boolean): Promise<void> {
  return until(() => {
    clock.advance(TURN_MS);
    return holds();
  });
}
