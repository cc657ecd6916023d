import type { InfoHash } from "@seedfleet/bytes";
import { contentUnreadable } from "@seedfleet/content";
import { errorCode } from "@seedfleet/runtime";
import { keepWaiting } from "./keep-waiting.ts";
import type { TorrentContext } from "./load-torrent.ts";
import { KEEP_WAITING_MS, READ_MS_MAX } from "./piece-reader.ts";
import { mostHopeful, noteFailure } from "./source-failures.ts";
import type { TorrentConditions } from "./torrent-conditions.ts";
import type { TorrentContexts } from "./torrent-contexts.ts";
import type { TorrentSource } from "./torrent-source.ts";

/** Half a million pieces: little beside what NATS takes, so that few bitfields are cut at all. */
export const HAVE_CHUNK_BYTES: number = 64 * 1024;

export type HavePiecesPorts = {
  readonly conditions: TorrentConditions;
  readonly contexts: TorrentContexts;
};

/**
 * Gives the bitfield of the pieces that at least one of our sources has right, as far as we know.
 * Rejects with `torrent-unknown`, and as the sources do where none of them can be looked at.
 */
export async function* havePieces(
  { conditions, contexts }: HavePiecesPorts,
  infoHash: InfoHash,
): AsyncGenerator<Uint8Array, void, void> {
  const { clock } = conditions;
  const looking = contexts.find(infoHash).then((context) => bitfieldOf(conditions, context));
  const bits = yield* keepWaiting(looking, {
    ...{ clock, everyMs: KEEP_WAITING_MS, maxMs: READ_MS_MAX },
    tooLong: () => contentUnreadable("the torrent", `no source answers in ${READ_MS_MAX} ms`),
  });
  for (let at = 0; at < bits.length; at += HAVE_CHUNK_BYTES) {
    yield bits.subarray(at, at + HAVE_CHUNK_BYTES);
  }
}

async function bitfieldOf(
  conditions: TorrentConditions,
  context: TorrentContext,
): Promise<Uint8Array> {
  const have = new Uint8Array(Math.ceil(context.pieceCount / 8));
  const looks = context.sources.map((source) => lookAt(conditions, context, source));
  const settled = await Promise.allSettled(looks);
  const failures: unknown[] = [];
  for (const look of settled) {
    if (look.status === "rejected") {
      failures.push(look.reason);
      continue;
    }
    for (const [at, byte] of look.value.entries()) have[at] = (have[at] ?? 0) | byte;
  }
  if (failures.length === settled.length) throw mostHopeful(new AggregateError(failures));
  return have;
}

/** What one source has; one that is not what was hashed has nothing. */
async function lookAt(
  conditions: TorrentConditions,
  context: TorrentContext,
  source: TorrentSource,
): Promise<Uint8Array> {
  const { infoHash, pieceCount } = context;
  const { location } = source;
  try {
    const { bitfield } = await source.bytes();
    const bits = bitfield === null ? allOf(pieceCount) : bitfield();
    for (const piece of conditions.badPieces(infoHash, location)) {
      bits[piece >>> 3] = (bits[piece >>> 3] ?? 0) & ~(0x80 >>> (piece & 7));
    }
    return bits;
  } catch (error) {
    const told = noteFailure(conditions, { context, source, error });
    if (!NOTHING_THERE.has(errorCode(told))) throw told;
    return new Uint8Array(Math.ceil(pieceCount / 8));
  }
}

const NOTHING_THERE: ReadonlySet<string | null> = new Set(["content-changed", "piece-absent"]);

/** The bits behind the last piece are not set (BEP 3). */
function allOf(pieceCount: number): Uint8Array {
  const bits = new Uint8Array(Math.ceil(pieceCount / 8)).fill(0xff);
  const spare = bits.length * 8 - pieceCount;
  const last = bits.length - 1;
  bits[last] = (bits[last] ?? 0) & (0xff << spare);
  return bits;
}
