import assert from "node:assert/strict";
import type { Content } from "@seedfleet/content";
import { fileSpans } from "@seedfleet/metainfo";
import type { Layout } from "./layout.ts";

/** Large enough that a read costs more than asking for it, small enough to hash in half a ms. */
export const HASH_READ_BYTES: number = 1024 * 1024;

/** One is hashed while the others are read: enough to hide a disk's latency in a hash's time. */
export const HASH_BUFFERS_MAX = 4;

/**
 * The bytes of a torrent in order, read ahead of whoever takes them. A chunk is valid until the
 * next is asked for: the same few buffers are filled again and again.
 */
export async function* readAhead(
  content: Content,
  layout: Layout,
): AsyncGenerator<Uint8Array, void, void> {
  const chunkCount = Math.ceil(layout.sizeBytes / HASH_READ_BYTES);
  const bufferBytes = Math.min(HASH_READ_BYTES, layout.sizeBytes);
  const buffers = Array.from(
    { length: Math.min(HASH_BUFFERS_MAX, chunkCount) },
    () => new Uint8Array(bufferBytes),
  );
  const read = (chunk: number): Promise<Uint8Array> => {
    const begin = chunk * HASH_READ_BYTES;
    const length = Math.min(HASH_READ_BYTES, layout.sizeBytes - begin);
    const into = buffers[chunk % buffers.length]?.subarray(0, length);
    assert(into !== undefined);
    const done = content.read(fileSpans(layout, begin, length), into).then(() => into);
    // Whoever awaits it hears of a failure; until then it must not count as unhandled.
    done.catch(() => {});
    return done;
  };

  const reads: Promise<Uint8Array>[] = [];
  try {
    for (let asked = 0, given = 0; given < chunkCount; given += 1) {
      for (; asked < chunkCount && asked < given + buffers.length; asked += 1) {
        reads.push(read(asked));
      }
      const next = reads.shift();
      assert(next !== undefined);
      yield await next;
    }
  } finally {
    await Promise.allSettled(reads);
  }
}
