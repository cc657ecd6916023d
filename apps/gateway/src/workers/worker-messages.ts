import type { InfoHash } from "@seedfleet/bytes";
import type { PeerKey } from "@seedfleet/choker";
import type { CatalogEntry, PeerAnnounced } from "@seedfleet/contracts";
import type { GatewayLimits, LimitDemand } from "@seedfleet/egress";
import type { Fields } from "@seedfleet/telemetry";
import type { Block, PexAddress } from "@seedfleet/wire";
import type { ReceivedBlock } from "../downloads/torrent-download.ts";
import type { FillOutcome } from "../fills/piece-source.ts";
import type { CloseReason } from "../peers/close-reason.ts";
import type { AdmissionLimits } from "../peers/peer-admission.ts";
import type { PeerCame, PeerHostConfig } from "../peers/peer-host.ts";
import type { PeerControl, PeerIdentity } from "../swarms/swarm-member.ts";
import type { Introduction } from "../swarms/swarms.ts";
import type { GatewayDemand, TorrentPart, UploadSettings } from "../upload/upload-limits.ts";

/** What a peer thread is started with. */
export type WorkerStart = {
  readonly host: string;
  readonly port: number;
  readonly peers: PeerHostConfig;
  readonly limits: AdmissionLimits;
  readonly admission: SharedArrayBuffer;
  readonly offencesMax: number;
  readonly nearRoundTripMs: number;
  /** The marks of the cache's slots. */
  readonly visited: Uint8Array;
  /** The thread's part of the cache's budget: what it pins is held besides that. */
  readonly cacheBytesMax: number;
  readonly upload: UploadSettings;
  /** Its share of a torrent's upload limit, until it is told. */
  readonly torrentShare: number;
};

/** A torrent as a thread is told of it: by a number, and once with what it needs to serve it. */
export type ToldTorrent = {
  readonly torrent: number;
  /** Whether it is downloaded, by the thread that knows the fleet. */
  readonly downloading: boolean;
  readonly told: null | {
    readonly metainfo: Uint8Array;
    readonly entry: CatalogEntry;
    /** Pieces that cannot be had. */
    readonly gone: readonly number[];
  };
};

/** What a peer says to who downloads from it. */
export type SourceMessage =
  | { readonly kind: "choke" | "unchoke" }
  | { readonly kind: "have" | "allowed-fast"; readonly piece: number }
  | { readonly kind: "lost"; readonly piece: number }
  | ({ readonly kind: "reject-request" } & Block)
  | ({ readonly kind: "piece" } & ReceivedBlock)
  /** What it has by now, as the `bitfield` message has it. */
  | { readonly kind: "pieces"; readonly bits: Uint8Array | "all" };

/** What changes of a peer while it downloads. */
export type PeerProgress = Pick<PeerControl, "takenBytes" | "havePieces" | "uploadOnly">;

/** A peer to go to. */
export type Dialled = Pick<PeerAnnounced, "askedAs" | "address">;

/** From a peer thread to the thread that knows the fleet. */
export type FromWorker =
  | { readonly kind: "listening" }
  | { readonly kind: "drained" | "stopped" }
  | { readonly kind: "find"; readonly call: number; readonly infoHash: InfoHash }
  | { readonly kind: "find-obfuscated"; readonly call: number; readonly hash: Uint8Array }
  | {
      readonly kind: "want";
      readonly call: number;
      readonly torrent: number;
      readonly piece: number;
      readonly traceId: string;
    }
  /** What was wanted by this call no peer waits for any more; it need not be answered. */
  | { readonly kind: "unwant"; readonly call: number }
  | { readonly kind: "prefetch"; readonly torrent: number; readonly piece: number }
  | { readonly kind: "give-back"; readonly lease: number }
  | {
      readonly kind: "joined";
      readonly torrent: number;
      readonly peer: PeerIdentity;
      /** Whether it is to be downloaded from. */
      readonly isSource: boolean;
    }
  /** A peer that is downloaded from said something of it. */
  | { readonly kind: "source"; readonly peerKey: PeerKey; readonly message: SourceMessage }
  /** A peer named others (BEP 11), of a torrent that is downloaded. */
  | {
      readonly kind: "peers-found";
      readonly torrent: number;
      readonly addresses: readonly PexAddress[];
    }
  | { readonly kind: "interest"; readonly peerKey: PeerKey; readonly interested: boolean }
  | { readonly kind: "introduced"; readonly peerKey: PeerKey; readonly peer: Introduction }
  /** A super-seeded peer said that it has these pieces. */
  | { readonly kind: "had"; readonly peerKey: PeerKey; readonly pieces: readonly number[] }
  | { readonly kind: "left"; readonly peerKey: PeerKey }
  | { readonly kind: "closed"; readonly reason: CloseReason }
  | { readonly kind: "came"; readonly peer: PeerCame }
  /** Why a dial came to nothing; null if it did not. */
  | { readonly kind: "dialled"; readonly call: number; readonly reason: CloseReason | null }
  | { readonly kind: "probed"; readonly infoHash: InfoHash; readonly origin: string }
  | { readonly kind: "offended"; readonly origin: string }
  | {
      readonly kind: "sent";
      /** By all peers there ever were. */
      readonly sentBytes: number;
      /** Those of which something changed since the last time. */
      readonly peers: readonly (readonly [PeerKey, PeerProgress])[];
    }
  /** Choked peers that are sent metadata or hashes. */
  | { readonly kind: "answered"; readonly peers: readonly PeerKey[] }
  /** Of upload limits, since the last time. */
  | {
      readonly kind: "demand";
      readonly demand: Omit<GatewayDemand, "torrents">;
      /** What was sent so far while some limit held. */
      readonly limitedBytes: number;
      readonly torrents: readonly (readonly [torrent: number, demand: LimitDemand])[];
    }
  | {
      readonly kind: "log";
      readonly level: "debug" | "info" | "warn" | "error";
      readonly message: string;
      readonly fields: Fields;
    };

/** From the thread that knows the fleet to a peer thread. */
export type ToWorker =
  | {
      readonly kind: "found";
      readonly call: number;
      readonly found: ToldTorrent | { readonly refused: "torrent-unknown" | "torrent-unreadable" };
    }
  | {
      readonly kind: "found-obfuscated";
      readonly call: number;
      readonly infoHash: InfoHash | null;
    }
  | {
      readonly kind: "piece";
      readonly torrent: number;
      readonly piece: number;
      readonly lease: number;
      readonly framed: Uint8Array;
      readonly slot: number;
    }
  | {
      readonly kind: "no-piece";
      readonly torrent: number;
      readonly piece: number;
      readonly outcome: Exclude<FillOutcome, "filled">;
    }
  | { readonly kind: "evicted"; readonly lease: number }
  | { readonly kind: "forget"; readonly torrent: number }
  /** The torrent is downloaded from now on, by the other thread, or not any more. */
  | { readonly kind: "download-began" | "download-ended"; readonly torrent: number }
  /** To be said to a peer that is downloaded from. */
  | { readonly kind: "say"; readonly peerKey: PeerKey; readonly bytes: Uint8Array }
  /** A piece of a torrent that is being downloaded came to be there, or went bad. */
  | { readonly kind: "got" | "lost"; readonly torrent: number; readonly piece: number }
  | { readonly kind: "choke" | "unchoke"; readonly peerKey: PeerKey }
  | { readonly kind: "exchange-peers"; readonly peerKey: PeerKey; readonly payload: Uint8Array }
  | {
      readonly kind: "tell";
      readonly peerKey: PeerKey;
      readonly pieces: readonly number[] | "all";
    }
  | { readonly kind: "close"; readonly peerKey: PeerKey; readonly reason: CloseReason }
  /** The thread's part of the upload limits of gateway and classes. */
  | { readonly kind: "upload-limits"; readonly limits: GatewayLimits }
  /** What the catalog says of a torrent now, and the thread's part of its upload limits. */
  | {
      readonly kind: "torrent-limits";
      readonly torrent: number;
      readonly entry: CatalogEntry;
      readonly part: TorrentPart;
    }
  | { readonly kind: "dial"; readonly call: number; readonly peer: Dialled }
  /** A peer of any thread broke the protocol; this origin is the gateway's own. */
  | { readonly kind: "offended" | "spare"; readonly origin: string }
  | { readonly kind: "leave" | "stop" }
  | { readonly kind: "drain"; readonly withinMs: number };
