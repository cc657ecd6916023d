import {
  boolean,
  bytes,
  type ConfigSchema,
  defineConfig,
  integer,
  list,
  oneOf,
  text,
  url,
} from "@seedfleet/runtime";

export type S3Config = {
  readonly endpoint: string | null;
  readonly region: string | null;
  /** Whether a bucket is named in the path or in the host of a URL. */
  readonly addressing: "auto" | "path" | "host";
};

export type PieceStoreConfig = {
  /** What it may publish from on its disks; empty: nothing. */
  readonly roots: readonly string[];
  /** Prefixes of the buckets and origins it may read; empty: none. */
  readonly origins: readonly string[];
  readonly s3: S3Config;
  /** Null takes as many as there are processors. */
  readonly hashThreads: number | null;
  /** Where managed content is kept; null keeps none. */
  readonly managedRoot: string | null;
  readonly cacheBytes: number;
  /** 0 scrubs nothing. */
  readonly scrubBytesPerSecond: number;
  readonly scrubRemote: boolean;
  readonly repairFiles: boolean;
};

const MIB = 1024 * 1024;

/** The piece-store's own settings; those every service has come from `libs/service`. */
export const pieceStoreConfig: ConfigSchema<PieceStoreConfig> = defineConfig({
  roots: list({
    env: "SEEDFLEET_PIECE_STORE_ROOTS",
    doc: `The directories and files it may publish, separated by ":", with all that lies under
them. Whoever may ask it to publish can make anything there public.`,
    default: [],
  }),
  origins: list({
    env: "SEEDFLEET_PIECE_STORE_ORIGINS",
    separator: ",",
    doc: `The buckets and HTTP origins it may read, separated by ",", as s3://bucket/prefix or
https://host/path/, with all that lies under them. Redirects are followed to these alone.`,
    default: [],
  }),
  s3: defineConfig({
    endpoint: url({
      env: "SEEDFLEET_PIECE_STORE_S3_ENDPOINT",
      doc: `Where an S3-compatible store answers; without it Amazon's, or what AWS_ENDPOINT_URL_S3
names. Credentials come from the AWS SDK's own chain.`,
      default: null,
    }),
    region: text({
      env: "SEEDFLEET_PIECE_STORE_S3_REGION",
      doc: "The region of the buckets; without it what AWS_REGION names.",
      default: null,
    }),
    addressing: oneOf(["auto", "path", "host"], {
      env: "SEEDFLEET_PIECE_STORE_S3_ADDRESSING",
      doc: `Whether a bucket is named in the path or in the host of a URL; auto takes the path where
an endpoint is given, since few stores but Amazon's have a host for each bucket.`,
      default: "auto",
    }),
  }),
  hashThreads: integer({
    env: "SEEDFLEET_PIECE_STORE_HASH_THREADS",
    doc: "Threads that hash; without it as many as there are processors.",
    default: null,
    min: 1,
    max: 256,
  }),
  managedRoot: text({
    env: "SEEDFLEET_PIECE_STORE_MANAGED_ROOT",
    doc: "The directory for content that the fleet itself writes; without it none is taken.",
    default: null,
  }),
  cacheBytes: bytes({
    env: "SEEDFLEET_PIECE_STORE_CACHE_BYTES",
    doc: "Memory for what was just read, so that many gateways cost one read.",
    default: 64 * MIB,
    min: 0,
  }),
  scrubBytesPerSecond: bytes({
    env: "SEEDFLEET_PIECE_STORE_SCRUB_BYTES_PER_SECOND",
    doc: "How fast everything held is read and checked in the background; 0 checks nothing.",
    default: 8 * MIB,
    min: 0,
  }),
  scrubRemote: boolean({
    env: "SEEDFLEET_PIECE_STORE_SCRUB_REMOTE",
    doc: "Whether buckets and origins are checked too; what is read there may have to be paid for.",
    default: false,
  }),
  repairFiles: boolean({
    env: "SEEDFLEET_PIECE_STORE_REPAIR_FILES",
    doc: `Whether a bad piece in a published file is written anew from a source that has it right.
Managed content is repaired in any case.`,
    default: true,
  }),
});
