import type { Bus } from "@seedfleet/bus";
import { GivenBucket, type GivenObjects } from "@seedfleet/content-s3/testing";
import type { CatalogEntry } from "@seedfleet/contracts";
import type { PieceStoreConfig } from "../config.ts";
import { type GivenConfig, type GivenFiles, type GivenPorts, GivenStore } from "../testing.ts";

/** A store that may read all of a bucket, beside its directory. */
export type GivenBucketStore = AsyncDisposable & {
  readonly bucket: GivenBucket;
  readonly store: GivenStore;
};

export async function startWithBucket(
  { objects, files = {} }: { readonly objects: GivenObjects; readonly files?: GivenFiles },
  config: GivenConfig = {},
  ports: GivenPorts = {},
): Promise<GivenBucketStore> {
  await using starting = new AsyncDisposableStack();
  const bucket = starting.use(await GivenBucket.start(objects));
  const store = starting.use(
    await GivenStore.start(files, { ...bucketConfig(bucket), ...config }, ports),
  );
  const running = starting.move();
  return { bucket, store, [Symbol.asyncDispose]: () => running[Symbol.asyncDispose]() };
}

/** What a store needs to read the bucket, all of it or what lies under some prefixes. */
export function bucketConfig(
  bucket: GivenBucket,
  origins: readonly string[] = [bucket.at()],
): Pick<PieceStoreConfig, "origins" | "s3"> {
  return { origins, s3: { ...bucket.options, addressing: "auto" } };
}

/** As the torrent has it: in a hybrid one zeros fill each file's last piece. */
export function padded(files: GivenObjects, entry: CatalogEntry): Buffer {
  const { pieceLengthBytes, version } = entry;
  const parts = Object.values(files).flatMap((bytes) => {
    const over = Buffer.from(bytes).length % pieceLengthBytes;
    return [Buffer.from(bytes), Buffer.alloc(over === 0 ? 0 : pieceLengthBytes - over)];
  });
  const isPadded = version !== "v1" && entry.fileCount > 1;
  return isPadded ? Buffer.concat(parts) : Buffer.concat(parts.filter((_, at) => at % 2 === 0));
}

/** How many requests for bytes the bucket has had. */
export function getsOf({ faults }: GivenBucket): number {
  return faults.seen.items.filter(({ method, range }) => method === "GET" && range !== null).length;
}

export function warnings({ telemetry }: GivenStore): GivenStore["telemetry"]["recorded"]["logs"] {
  return telemetry.recorded.logs.filter(({ level }) => level === "warn");
}

/** A bus that copies: what a network takes at a time. */
export function withPayloadMax(bus: Bus, payloadBytesMax: number): Bus {
  return new Proxy(bus, {
    get(target, name) {
      if (name === "payloadBytesMax") return payloadBytesMax;
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
