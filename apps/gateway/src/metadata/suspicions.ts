import { hash } from "node:crypto";
import { METADATA_PIECE_BYTES } from "@seedfleet/wire";
import type { MetadataTry } from "./metadata-try.ts";

/** Tries that went wrong of which it is kept who sent what: 32 bytes for each 16 KiB of them. */
export const SUSPICIONS_MAX = 8;

type Suspicion = {
  readonly sizeBytes: number;
  readonly parts: readonly { readonly peer: number; readonly digest: string }[];
};

/** Who sent which part of what several peers sent together, and was wrong. */
export class Suspicions {
  readonly #suspicions: Suspicion[] = [];

  add(attempt: MetadataTry): void {
    if (this.#suspicions.length === SUSPICIONS_MAX) this.#suspicions.shift();
    const parts = attempt.parts().map(({ peer, data }) => ({ peer, digest: hash("sha1", data) }));
    this.#suspicions.push({ sizeBytes: attempt.sizeBytes, parts });
  }

  /** Those who sent something else than these bytes, which are the right ones. */
  guilty(bytes: Uint8Array): ReadonlySet<number> {
    const right = Array.from({ length: Math.ceil(bytes.length / METADATA_PIECE_BYTES) }, (_, at) =>
      hash("sha1", bytes.subarray(at * METADATA_PIECE_BYTES, (at + 1) * METADATA_PIECE_BYTES)),
    );
    const guilty = new Set<number>();
    for (const { sizeBytes, parts } of this.#suspicions) {
      for (const [piece, { peer, digest }] of parts.entries()) {
        // Of another size it is not even a part of it.
        if (sizeBytes !== bytes.length || digest !== right[piece]) guilty.add(peer);
      }
    }
    return guilty;
  }
}
