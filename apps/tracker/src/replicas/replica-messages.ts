import type { InfoHash, PeerId } from "@seedfleet/bytes";
import type { PeerAnnounced } from "@seedfleet/contracts";
import type { ErrorDetail } from "@seedfleet/runtime";
import type { AnnounceEvent } from "../announces/announce-request.ts";
import type { LiveGateway } from "../handout/gateway-board.ts";
import type { PublishedTorrent } from "../torrents/published-torrents.ts";
import type { Usage } from "../users/usage-ledger.ts";
import type { ReplicaCounts } from "./replica-counts.ts";

/** What the main thread tells a replica, which may be in a thread of its own. */
export type ToReplica =
  | { readonly kind: "published"; readonly torrent: PublishedTorrent }
  | { readonly kind: "retired"; readonly infoHash: InfoHash }
  /** All torrents, or all users, that were there before have been told. */
  | { readonly kind: "torrents-known" }
  | { readonly kind: "users-known" }
  /** A null hash revokes. */
  | { readonly kind: "user"; readonly id: string; readonly passkeyHash: string | null }
  | { readonly kind: "gateways"; readonly gateways: readonly LiveGateway[] }
  /** Whether announces are to be gathered for other replicas. */
  | { readonly kind: "journal"; readonly on: boolean }
  /** Announces that another replica took. */
  | { readonly kind: "apply"; readonly batch: Uint8Array; readonly ageMs: number }
  /** Part of another tracker's snapshot; `loaded` asks for the next. */
  | { readonly kind: "load"; readonly chunk: Uint8Array }
  /** Asks for the next part of what is here; `snapshot` numbers the one it belongs to. */
  | { readonly kind: "snapshot"; readonly snapshot: number }
  | { readonly kind: "snapshot-ended"; readonly snapshot: number }
  /** Asks how many leechers and seeders these swarms have; `asked` numbers the question. */
  | { readonly kind: "sizes"; readonly asked: number; readonly infoHashes: readonly InfoHash[] }
  /** How many peers there may be here. */
  | { readonly kind: "room"; readonly peersMax: number }
  /** From now on announces are answered. */
  | { readonly kind: "open" }
  | { readonly kind: "drain" }
  | { readonly kind: "stop" };

/** An announce that the main thread makes a span of. */
export type NotedAnnounce = {
  readonly infoHash: InfoHash;
  readonly peerId: PeerId;
  readonly event: AnnounceEvent | null;
  readonly leftBytes: number | null;
  readonly peers: number;
  readonly seeders: number;
  readonly leechers: number;
  /** A gateway that is to be told of the leecher, which was told of it. */
  readonly introduction: { readonly gateway: string; readonly peer: PeerAnnounced } | null;
};

/** Without the gateways. */
export type SwarmSizes = readonly [leechers: number, seeders: number];

/** What a replica tells the main thread. */
export type FromReplica =
  | { readonly kind: "listening"; readonly port: number; readonly udpPort: number | null }
  | { readonly kind: "not-listening"; readonly message: string; readonly detail: ErrorDetail }
  /** Announces that this replica took. */
  | { readonly kind: "deltas"; readonly batch: Uint8Array }
  | { readonly kind: "noted"; readonly announces: readonly NotedAnnounce[] }
  | { readonly kind: "usage"; readonly usage: readonly Usage[] }
  | { readonly kind: "counts"; readonly counts: ReplicaCounts }
  /** What was asked for by `snapshot`; may be empty before the last. */
  | {
      readonly kind: "snapshot-part";
      readonly snapshot: number;
      readonly chunk: Uint8Array;
      readonly isLast: boolean;
    }
  | { readonly kind: "sizes"; readonly asked: number; readonly sizes: readonly SwarmSizes[] }
  | { readonly kind: "loaded" }
  | { readonly kind: "unreadable"; readonly what: "delta" | "snapshot" }
  | { readonly kind: "drained" }
  | { readonly kind: "stopped" };
