import { Readable } from "node:stream";
import type { S3Client } from "@aws-sdk/client-s3";
import type { Clock } from "@seedfleet/runtime";
import { Attempts } from "./attempts.ts";
import {
  S3_LIST_SILENCE_MS_MAX,
  S3_READ_SILENCE_MS_MAX,
  S3_REQUESTS_AT_ONCE_MAX,
} from "./limits.ts";
import { formatLocation, type S3Location } from "./location.ts";
import {
  checkPart,
  headObject,
  listedPage,
  type S3Object,
  type S3Page,
  type S3Part,
  s3Short,
} from "./s3-answers.ts";
import { s3Refused } from "./s3-fault.ts";

export type S3Options = {
  /** An S3-compatible store's URL; null leaves it to the SDK's environment, and then to Amazon. */
  readonly endpoint?: string | null;
  /** Null leaves it to the SDK's environment. */
  readonly region?: string | null;
  /**
   * Whether the bucket stands in the URL's path rather than in its host; null for where an endpoint
   * is given, here or in the environment, since few stores have a host for each bucket.
   */
  readonly forcePathStyle?: boolean | null;
};

type Place = Pick<S3Location, "bucket" | "key">;
type PageQuery = { readonly prefix: string; readonly from: string | null; readonly max?: number };
type Sdk = typeof import("@aws-sdk/client-s3");
type Loaded = { readonly sdk: Sdk; readonly client: S3Client };

/** The three requests that are made of a store. They reject with an `S3Fault`. */
export class S3Requests implements AsyncDisposable {
  readonly #attempts: Attempts;
  readonly #options: S3Options;
  #loaded: Promise<Loaded> | null = null;

  constructor(clock: Clock, options: S3Options) {
    this.#attempts = new Attempts(clock);
    this.#options = options;
  }

  head({ bucket, key }: Place, signal?: AbortSignal): Promise<S3Object> {
    const options = { silenceMs: S3_READ_SILENCE_MS_MAX, signal };
    return this.#attempts.run(async (abortSignal) => {
      const { sdk, client } = await this.#load();
      const command = new sdk.HeadObjectCommand({ Bucket: bucket, Key: key });
      return headObject(key, await client.send(command, { abortSignal }));
    }, options);
  }

  page(bucket: string, query: PageQuery, signal?: AbortSignal): Promise<S3Page> {
    const { prefix, from, max } = query;
    const options = { silenceMs: S3_LIST_SILENCE_MS_MAX, signal };
    return this.#attempts.run(async (abortSignal) => {
      const { sdk, client } = await this.#load();
      const command = new sdk.ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        EncodingType: "url",
        ...(max === undefined ? {} : { MaxKeys: max }),
        ...(from === null ? {} : { ContinuationToken: from }),
      });
      const directory = formatLocation({ bucket, key: prefix.replace(/\/$/, "") });
      return listedPage({ directory, prefix }, await client.send(command, { abortSignal }));
    }, options);
  }

  /** Fills `into` with the bytes of the part; what has come is not asked for again. */
  get(part: S3Part, into: Uint8Array, callers: AbortSignal): Promise<void> {
    let filled = 0;
    return this.#attempts.run(
      async (signal, heard) => {
        const rest = { ...part, offsetBytes: part.offsetBytes + filled };
        const body = await this.#body(rest, into.length - filled, signal);
        heard();
        for await (const chunk of body) {
          signal.throwIfAborted();
          heard();
          if (filled + chunk.length > into.length) throw s3Short();
          into.set(chunk, filled);
          filled += chunk.length;
        }
        if (filled < into.length) throw s3Short();
      },
      { silenceMs: S3_READ_SILENCE_MS_MAX, signal: callers },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#attempts[Symbol.asyncDispose]();
    const loaded = await this.#loaded?.catch(() => null);
    loaded?.client.destroy();
  }

  async #body(
    part: S3Part,
    lengthBytes: number,
    abortSignal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array>> {
    const { sdk, client } = await this.#load();
    const { bucket, key, etag, offsetBytes } = part;
    const command = new sdk.GetObjectCommand({
      Bucket: bucket,
      Key: key,
      IfMatch: `"${etag}"`,
      Range: `bytes=${offsetBytes}-${offsetBytes + lengthBytes - 1}`,
    });
    const answer = await client.send(command, { abortSignal });
    const body = answer.Body;
    if (!(body instanceof Readable)) throw s3Short();
    try {
      checkPart(part, answer, lengthBytes);
      return body;
    } catch (error) {
      body.destroy();
      throw error;
    }
  }

  /** Only when it is needed: the SDK takes some 40 MB, and most of a second on a slow machine. */
  #load(): Promise<Loaded> {
    this.#loaded ??= loadClient(this.#options);
    return this.#loaded;
  }
}

async function loadClient(options: S3Options): Promise<Loaded> {
  const sdk = await import("@aws-sdk/client-s3");
  const { endpoint = null, region = null, forcePathStyle = null } = options;
  const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL } = process.env;
  const hasEndpoint = (endpoint ?? AWS_ENDPOINT_URL_S3 ?? AWS_ENDPOINT_URL ?? "") !== "";
  const agent = { keepAlive: true, maxSockets: S3_REQUESTS_AT_ONCE_MAX };
  const client = new sdk.S3Client({
    ...(endpoint === null ? {} : { endpoint }),
    ...(region === null ? {} : { region }),
    forcePathStyle: forcePathStyle ?? hasEndpoint,
    // `Attempts` asks again, and every piece is hashed whatever a store says of its checksum.
    maxAttempts: 1,
    responseChecksumValidation: "WHEN_REQUIRED",
    requestHandler: { httpAgent: agent, httpsAgent: agent },
  });
  try {
    await client.config.region();
  } catch {
    client.destroy();
    throw s3Refused("no region is set; set AWS_REGION, to us-east-1 where the store has none");
  }
  return { sdk, client };
}
