import { type Metainfo, PIECES_MAX } from "@seedfleet/metainfo";
import {
  encodeExtensionHandshake,
  encodeMessage,
  encodeMetadataMessage,
  encodePexMessage,
  type ReservedBits,
} from "@seedfleet/wire";

/** What one hostile peer does, and what the gateway should call it. */
export type Attack = {
  readonly name: string;
  /**
   * `repeated`: connects, says all it has to say, and waits to be closed, so many times a second.
   * `flood`: a few connections that stay, and send so many bursts a second among them.
   * `held`: many connections that are opened as fast as can be and stay, and say a little each
   * second.
   */
  readonly kind: "repeated" | "flood" | "held";
  /** The extensions of its handshake; null says none, so that `says` is the first there is. */
  readonly greets: Partial<ReservedBits> | null;
  readonly says: (metainfo: Metainfo) => Uint8Array;
  /** Each burst of a flood; what a held connection says each second. */
  readonly again?: (metainfo: Metainfo) => Uint8Array;
  /** Whether it takes what it is sent. */
  readonly reads: boolean;
  /** How many connections it holds; of a repeated one how many at once at most. */
  readonly connections: number;
  /** From how many addresses. */
  readonly addresses: number;
  /** Under which reasons its connections end meanwhile; empty where they stay. */
  readonly reasons: readonly string[];
  /** How long it goes on before it is looked at. */
  readonly rampMs: number;
};

const NOTHING = new Uint8Array(0);
const PIECE_BLOCK = { piece: 0, begin: 0, length: 16_384 };

/** As many as one address may have by default, and half a gateway of them. */
const CROWD = { connections: 2_048, addresses: 16 } as const;
const FEW = { connections: 4, addresses: 1, rampMs: 1_000, reasons: [] } as const;
const REPEATED = {
  kind: "repeated",
  reads: true,
  connections: 200,
  addresses: 4,
  rampMs: 1_000,
} as const;

const EXTENDED = { extended: true } as const;

export const ATTACKS: readonly Attack[] = [
  {
    ...REPEATED,
    name: "message-too-long",
    greets: {},
    says: () => Buffer.of(0xff, 0xff, 0xff, 0xff, 7),
    reasons: ["message-too-long"],
  },
  {
    ...REPEATED,
    name: "unknown-info-hash",
    greets: null,
    says: () => plainHandshake(Buffer.alloc(20, 0xee)),
    reasons: ["torrent-unknown"],
  },
  {
    ...REPEATED,
    name: "garbage",
    greets: null,
    // Taken for a public key and padding: this has the gateway compute a secret.
    says: () => Buffer.alloc(1_024, "GET / HTTP/1.1\r\n"),
    reasons: ["mse-sync-lost"],
  },
  {
    ...REPEATED,
    name: "request-out-of-range",
    greets: {},
    says: () => requests(1, { ...PIECE_BLOCK, piece: PIECES_MAX }),
    reasons: ["request-out-of-range"],
  },
  {
    ...REPEATED,
    name: "request-too-long",
    greets: {},
    says: () => requests(1, { ...PIECE_BLOCK, length: 128 * 1024 + 1 }),
    reasons: ["request-too-long"],
  },
  {
    ...REPEATED,
    name: "bitfield-wrong",
    greets: {},
    says: ({ pieceCount }) =>
      encodeMessage({ kind: "bitfield", bits: new Uint8Array(Math.ceil(pieceCount / 8) + 1) }),
    reasons: ["bitfield-wrong"],
  },
  {
    ...REPEATED,
    name: "metadata-flood",
    greets: EXTENDED,
    says: () => Buffer.concat([hello(), ...times(2_000, metadataRequest())]),
    reasons: ["metadata-flood"],
  },
  {
    ...REPEATED,
    name: "pex-flood",
    greets: EXTENDED,
    says: () =>
      Buffer.concat(times(200, extended(2, encodePexMessage({ added: [], dropped: [] })))),
    reasons: ["pex-flood"],
  },
  {
    name: "one-address",
    kind: "held",
    greets: null,
    says: () => NOTHING,
    reads: true,
    connections: 1_000,
    addresses: 1,
    reasons: ["address-full"],
    rampMs: 1_000,
  },
  {
    ...FEW,
    name: "request-flood",
    kind: "flood",
    greets: {},
    says: () => encodeMessage({ kind: "interested" }),
    again: () => requests(1_000, PIECE_BLOCK),
    reads: false,
  },
  {
    ...FEW,
    name: "choked-requests",
    kind: "flood",
    greets: { fast: true },
    says: () => NOTHING,
    again: () => requests(16, PIECE_BLOCK),
    reads: true,
  },
  {
    ...FEW,
    name: "hash-requests",
    kind: "flood",
    greets: { v2: true },
    says: () => NOTHING,
    again: (metainfo) => Buffer.concat(times(8, hashRequest(metainfo))),
    reads: true,
  },
  {
    ...CROWD,
    name: "slow-loris",
    kind: "held",
    greets: null,
    says: () => Buffer.of(19),
    again: () => Buffer.from("B"),
    reads: true,
    reasons: ["handshake-timeout"],
    rampMs: 11_000,
  },
  {
    ...CROWD,
    name: "half-open",
    kind: "held",
    greets: {},
    says: () => NOTHING,
    reads: true,
    reasons: [],
    rampMs: 3_000,
  },
  {
    ...CROWD,
    name: "half-message",
    kind: "held",
    greets: {},
    // The longest there may be, but for its last byte.
    says: () => Buffer.concat([Buffer.of(0, 0, 0x80, 0, 20), Buffer.alloc(32 * 1024 - 2)]),
    reads: true,
    reasons: [],
    rampMs: 4_000,
  },
  {
    name: "connections",
    kind: "held",
    greets: {},
    says: () => NOTHING,
    reads: true,
    connections: 20_000,
    addresses: 100,
    reasons: ["gateway-full"],
    rampMs: 12_000,
  },
];

/** The attack of this name, or null. */
export function attackOf(name: string): Attack | null {
  return ATTACKS.find((attack) => attack.name === name) ?? null;
}

function plainHandshake(infoHash: Uint8Array): Uint8Array {
  const head = Buffer.from("\x13BitTorrent protocol\0\0\0\0\0\0\0\0", "latin1");
  return Buffer.concat([head, infoHash, Buffer.from("-SFEVIL-000000000000")]);
}

function hello(): Uint8Array {
  return extended(
    0,
    encodeExtensionHandshake({
      messageIds: { metadata: 9, pex: null, dontHave: null },
      ...{ metadataSizeBytes: null, requestsQueuedMax: null, client: null },
      ...{ yourIp: null, listenPort: null, uploadOnly: null },
    }),
  );
}

function metadataRequest(): Uint8Array {
  return extended(1, encodeMetadataMessage({ kind: "metadata-request", piece: 0 }));
}

function hashRequest({ files }: Metainfo): Uint8Array {
  const piecesRoot = files[0]?.piecesRoot ?? new Uint8Array(32);
  const range = { baseLayer: 7, index: 0xffff_ff00, length: 512, proofLayers: 3 };
  return encodeMessage({ kind: "hash-request", piecesRoot, ...range });
}

function extended(extendedId: number, payload: Uint8Array): Uint8Array {
  return encodeMessage({ kind: "extended", extendedId, payload });
}

function requests(count: number, block: typeof PIECE_BLOCK): Uint8Array {
  return Buffer.concat(times(count, encodeMessage({ kind: "request", ...block })));
}

function times(count: number, message: Uint8Array): readonly Uint8Array[] {
  return Array.from({ length: count }, () => message);
}
