import assert from "node:assert/strict";
import {
  type Content,
  type ContentListing,
  type ContentRange,
  type ContentSource,
  contentChanged,
  type ListOptions,
} from "@seedfleet/content";
import type { Clock } from "@seedfleet/runtime";
import { forEachBounded } from "@seedfleet/runtime";
import { GET_BYTES_MAX, S3_REQUESTS_EACH_MAX } from "./limits.ts";
import { listContent, resolveLocation } from "./list-content.ts";
import { parseLocation } from "./location.ts";
import type { S3Part } from "./s3-answers.ts";
import { contentFault } from "./s3-fault.ts";
import { type S3Options, S3Requests } from "./s3-requests.ts";

export type S3ContentPorts = { readonly clock: Clock };

/** Part of an object, where its bytes go, and what it is called. */
type Read = { readonly part: S3Part; readonly into: Uint8Array; readonly path: string };

/**
 * Content in the buckets of an S3-compatible store, at `s3://bucket/key-or-prefix`, read where it
 * lies. Credentials are found as the SDK finds them.
 *
 * An object is read on condition of its ETag, and what comes is compared with the listing before a
 * byte of it is taken, so bytes that are given are those of the object that was listed.
 */
export class S3ContentSource implements ContentSource, AsyncDisposable {
  readonly #requests: S3Requests;

  constructor(ports: S3ContentPorts, options: S3Options = {}) {
    this.#requests = new S3Requests(ports.clock, options);
  }

  resolve(location: string): Promise<string> {
    return resolveLocation(this.#requests, location);
  }

  list(location: string, options?: ListOptions): Promise<ContentListing> {
    return listContent(this.#requests, location, options);
  }

  open(listing: ContentListing): Content {
    return {
      listing,
      read: (ranges, into) => this.#readAll(listing, ranges, into),
    };
  }

  /** Ends what is under way and closes the connections. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#requests[Symbol.asyncDispose]();
  }

  async #readAll(
    listing: ContentListing,
    ranges: readonly ContentRange[],
    into: Uint8Array,
  ): Promise<void> {
    // The first failure ends the others, so that what fails at once does not wait for what stalls.
    const stop = new AbortController();
    const reads = readsOf(listing, ranges, into);
    await forEachBounded(reads, S3_REQUESTS_EACH_MAX, async ({ part, into, path }) => {
      try {
        await this.#requests.get(part, into, stop.signal);
      } catch (error) {
        stop.abort(contentFault(error, path, contentChanged));
        throw stop.signal.reason;
      }
    });
  }
}

function readsOf(
  listing: ContentListing,
  ranges: readonly ContentRange[],
  into: Uint8Array,
): readonly Read[] {
  const { bucket, key: root } = parseLocation(listing.path);
  const reads: Read[] = [];
  let at = 0;
  for (const { file, offsetBytes, lengthBytes } of ranges) {
    const listed = listing.files[file];
    assert(listed !== undefined);
    assert(offsetBytes >= 0 && offsetBytes + lengthBytes <= listed.sizeBytes);
    const below = listing.single ? [] : listed.path;
    const key = [...(root === "" ? [] : [root]), ...below].join("/");
    const path = [listing.path, ...below].join("/");
    const { sizeBytes, identity: etag } = listed;
    for (let done = 0; done < lengthBytes; done += GET_BYTES_MAX) {
      const partBytes = Math.min(GET_BYTES_MAX, lengthBytes - done);
      const part = { bucket, key, sizeBytes, etag, offsetBytes: offsetBytes + done };
      reads.push({ part, into: into.subarray(at + done, at + done + partBytes), path });
    }
    at += lengthBytes;
  }
  assert.equal(at, into.length);
  return reads;
}
