import type { Content, ContentListing, ContentSource, ListOptions } from "@seedfleet/content";
import { HttpClient, type HttpContentPorts } from "./http-client.ts";
import { listContent } from "./list-content.ts";
import { parseLocation } from "./location.ts";
import { readRanges } from "./read-ranges.ts";

/**
 * Content at HTTP(S) origins that give ranges (RFC 9110), read where it lies.
 *
 * Every request asks for the version that was listed, and every answer is checked to be of it: by
 * its strong ETag, its time and its size. What changes within one answer, or keeps all of these,
 * can only be seen by hashing.
 */
export class HttpContentSource implements ContentSource, AsyncDisposable {
  readonly #client: HttpClient;

  constructor(ports: HttpContentPorts) {
    this.#client = new HttpClient(ports);
  }

  /** Asks no origin: a directory there may answer anything. */
  async resolve(location: string): Promise<string> {
    return parseLocation(location).href;
  }

  list(location: string, options?: ListOptions): Promise<ContentListing> {
    return listContent(this.#client, location, options);
  }

  open(listing: ContentListing): Content {
    return {
      listing,
      read: (ranges, into) => readRanges(this.#client, listing, { ranges, into }),
    };
  }

  /** Ends what is under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#client[Symbol.dispose]();
  }
}
