import { equal, match, rejects } from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { SeedfleetError } from "@seedfleet/runtime";
import { S3ContentSource } from "./s3-content-source.ts";
import { GivenBucket, hastyClock, setEnvironment } from "./testing.ts";

const ports = { clock: hastyClock };
const nowhere = join(tmpdir(), "seedfleet-there-is-no-such-file");

/** Where nobody says anything, neither files nor the machine's own service. */
const NOTHING = {
  AWS_ENDPOINT_URL_S3: undefined,
  AWS_ENDPOINT_URL: undefined,
  AWS_REGION: undefined,
  AWS_DEFAULT_REGION: undefined,
  AWS_CONFIG_FILE: nowhere,
  AWS_SHARED_CREDENTIALS_FILE: nowhere,
  AWS_EC2_METADATA_DISABLED: "true",
};

test("a source without options takes them from the environment", async () => {
  await using bucket = await GivenBucket.start({ a: "01234" });
  using _environment = environment({ ...NOTHING, ...bucket.env });
  await using source = new S3ContentSource(ports);
  equal((await source.list(bucket.at("a"))).sizeBytes, 5);
});

test("a source without a region says how to set one", async () => {
  await using bucket = await GivenBucket.start({ a: "01234" });
  using _environment = environment(NOTHING);
  await using source = new S3ContentSource(ports, { endpoint: bucket.options.endpoint });
  await rejects(source.list(bucket.at("a")), {
    detail: {
      code: "content-unreadable",
      path: bucket.at("a"),
      reason: "no region is set; set AWS_REGION, to us-east-1 where the store has none",
    },
  });
});

test("a source without credentials says how to set some", async () => {
  await using bucket = await GivenBucket.start({ a: "01234" });
  const none = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined };
  using _environment = environment({ ...NOTHING, ...none });
  await using source = new S3ContentSource(ports, bucket.options);
  match(await reasonOf(source.list(bucket.at("a"))), /^no credentials were found; set AWS_ACCESS_/);
});

test("a source whose store does not run says so", async () => {
  await using bucket = await GivenBucket.start();
  const { options } = bucket;
  await bucket.faults[Symbol.asyncDispose]();
  await using source = new S3ContentSource(ports, options);
  match(await reasonOf(source.list(bucket.at("a"))), /cannot be reached \(ECONNREFUSED\), also/);
});

test("a source with an endpoint that is no URL says so", async () => {
  await using bucket = await GivenBucket.start();
  await using source = new S3ContentSource(ports, { ...bucket.options, endpoint: "minio:9000/" });
  match(await reasonOf(source.list(bucket.at("a"))), /; check its endpoint$/);
});

function environment(values: Readonly<Record<string, string | undefined>>): Disposable {
  return { [Symbol.dispose]: setEnvironment(values) };
}

/** Of a rejection with `content-unreadable`. */
async function reasonOf(listing: Promise<unknown>): Promise<string> {
  const error = await listing.catch((reason: unknown) => reason);
  const detail: { readonly code?: string; readonly reason?: string } =
    error instanceof SeedfleetError ? error.detail : {};
  equal(detail.code, "content-unreadable", String(error));
  return detail.reason ?? "";
}
