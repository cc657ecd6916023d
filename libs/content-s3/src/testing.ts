import type { S3Client } from "@aws-sdk/client-s3";
import { type Clock, forEachBounded, systemClock } from "@seedfleet/runtime";
import { startFauxqs } from "fauxqs";
import { FaultProxy } from "./fault-proxy.ts";
import { S3_READ_SILENCE_MS_MAX } from "./limits.ts";
import type { S3Options } from "./s3-requests.ts";

export { type Fault, FaultProxy, type FaultScope, type Seen } from "./fault-proxy.ts";

export type GivenObjects = Readonly<Record<string, string | Uint8Array>>;

/** A store that runs, and what it knows us by. */
export type GivenStore = AsyncDisposable & {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
};

const PUTS_AT_ONCE_MAX = 16;
const REGION = "us-east-1";

/** The machine's clock, but what waits to ask a store again need not wait. */
export const hastyClock: Clock = {
  ...systemClock,
  after: (delayMs, run) => systemClock.after(delayMs < S3_READ_SILENCE_MS_MAX ? 0 : delayMs, run),
};

/** An S3 in this process, which lets everybody in and keeps its objects in memory. */
export async function startFauxqsStore(): Promise<GivenStore> {
  const server = await startFauxqs({ port: 0, host: "127.0.0.1", logger: false });
  return {
    endpoint: `http://127.0.0.1:${server.port}`,
    accessKeyId: "GIVENACCESSKEYID",
    secretAccessKey: "given-secret-access-key",
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

let bucketsGiven = 0;

/**
 * A bucket of its own for one test, with these objects in it and a proxy before it that can make
 * faults. While it is there this process's environment has its credentials, so tests that use
 * several at once dispose them in reverse.
 */
export class GivenBucket implements AsyncDisposable {
  readonly name: string = `given-bucket-${++bucketsGiven}`;
  readonly faults: FaultProxy;
  readonly #client: S3Client;
  readonly #running: AsyncDisposableStack;

  private constructor(faults: FaultProxy, client: S3Client, running: AsyncDisposableStack) {
    this.faults = faults;
    this.#client = client;
    this.#running = running;
  }

  static async start(
    objects: GivenObjects = {},
    startStore: () => Promise<GivenStore> = startFauxqsStore,
  ): Promise<GivenBucket> {
    await using starting = new AsyncDisposableStack();
    const { CreateBucketCommand } = await import("@aws-sdk/client-s3");
    const store = starting.use(await startStore());
    const faults = starting.use(await FaultProxy.start(store.endpoint));
    starting.defer(setEnvironment(environmentOf(store)));
    const client = starting.adopt(await clientOf(store), (it) => it.destroy());
    const running = new AsyncDisposableStack();
    const bucket = new GivenBucket(faults, client, running);
    await client.send(new CreateBucketCommand({ Bucket: bucket.name }));
    const given = Object.entries(objects);
    await forEachBounded(given, PUTS_AT_ONCE_MAX, ([key, body]) => bucket.put(key, body));
    running.use(starting.move());
    return bucket;
  }

  /** What a source or a service is given to reach it, through the proxy. */
  get options(): Required<Pick<S3Options, "endpoint" | "region">> {
    return { endpoint: this.faults.url, region: REGION };
  }

  /** The same for another process. */
  get env(): Readonly<Record<string, string>> {
    const { AWS_ACCESS_KEY_ID = "", AWS_SECRET_ACCESS_KEY = "" } = process.env;
    return {
      AWS_ACCESS_KEY_ID,
      AWS_SECRET_ACCESS_KEY,
      AWS_ENDPOINT_URL_S3: this.faults.url,
      AWS_REGION: REGION,
    };
  }

  /** `s3://…` of a key or a prefix, or of the bucket. */
  at(key = ""): string {
    return key === "" ? `s3://${this.name}` : `s3://${this.name}/${key}`;
  }

  /** Also what lies there already gets another body, by which its ETag is another too. */
  async put(key: string, body: string | Uint8Array): Promise<void> {
    const { PutObjectCommand } = await import("@aws-sdk/client-s3");
    // An empty text would be taken for a stream.
    const object = { Bucket: this.name, Key: key, Body: Buffer.from(body) };
    await this.#client.send(new PutObjectCommand(object));
  }

  async delete(key: string): Promise<void> {
    const { DeleteObjectCommand } = await import("@aws-sdk/client-s3");
    await this.#client.send(new DeleteObjectCommand({ Bucket: this.name, Key: key }));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#running[Symbol.asyncDispose]();
  }
}

/** Past the proxy, so that no fault keeps a test from changing what lies there. */
async function clientOf({ endpoint, accessKeyId, secretAccessKey }: GivenStore): Promise<S3Client> {
  const { S3Client } = await import("@aws-sdk/client-s3");
  return new S3Client({
    endpoint,
    region: REGION,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
  });
}

function environmentOf({
  accessKeyId,
  secretAccessKey,
}: GivenStore): Readonly<Record<string, string | undefined>> {
  return {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: undefined,
    AWS_PROFILE: undefined,
  };
}

/** Gives what puts it back as it was. */
export function setEnvironment(values: Readonly<Record<string, string | undefined>>): () => void {
  const before = Object.keys(values).map((name) => [name, process.env[name]] as const);
  const set = (entries: readonly (readonly [string, string | undefined])[]): void => {
    for (const [name, value] of entries) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
  set(Object.entries(values));
  return () => set(before);
}
