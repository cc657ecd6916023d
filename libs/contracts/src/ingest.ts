import { type Call, defineCall, defineStream, type StreamCall } from "@seedfleet/bus";
import * as z from "zod";
import { type CatalogEntry, catalogEntry } from "./catalog.ts";
import { count } from "./scalars.ts";

export type PublishRequest = {
  /** Absolute, as the piece-store sees it; must lie under one of its roots. */
  readonly path: string;
  readonly private: boolean;
};

export type PublishProgress =
  | {
      readonly kind: "hashing";
      readonly name: string;
      readonly hashedBytes: number;
      readonly totalBytes: number;
    }
  | {
      readonly kind: "published";
      readonly entry: CatalogEntry;
      /** False when a memo of an earlier hashing still held. */
      readonly hashed: boolean;
      /** Relative paths of what was left out: symlinks, sockets, devices. */
      readonly skipped: readonly string[];
    };

/**
 * Hashes a directory or a file in place and puts it into the catalog, telling how far it is. The
 * last chunk is `published`. Repeatable: what has not changed is not hashed again.
 *
 * The handler's error codes: `path-outside-roots`, and those of the content port.
 *
 * cli → piece-store
 */
export const publishCall: StreamCall<
  "seedfleet.v1.ingest.publish.{holder}",
  PublishRequest,
  PublishProgress
> = defineStream({
  subject: "seedfleet.v1.ingest.publish.{holder}",
  request: z.strictObject({ path: z.string().min(1).max(4_096), private: z.boolean() }),
  chunk: z.discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("hashing"),
      name: z.string(),
      hashedBytes: count,
      totalBytes: count,
    }),
    z.strictObject({
      kind: z.literal("published"),
      entry: catalogEntry,
      hashed: z.boolean(),
      skipped: z.array(z.string()),
    }),
  ]),
  timeoutMs: 30_000,
  chunksInFlightMax: 64,
});

/** The only paths the fleet shall go on publishing from this holder. */
export type RetainRequest = { readonly paths: readonly string[] };

/**
 * Takes every torrent of the holder out of the catalog whose path is not named. Repeatable.
 *
 * cli → piece-store
 */
export const retainCall: Call<
  "seedfleet.v1.ingest.retain.{holder}",
  RetainRequest,
  { readonly removed: number }
> = defineCall({
  subject: "seedfleet.v1.ingest.retain.{holder}",
  request: z.strictObject({ paths: z.array(z.string().min(1).max(4_096)).max(10_000) }),
  reply: z.strictObject({ removed: count }),
  timeoutMs: 10_000,
});
