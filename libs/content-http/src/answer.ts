import type { IncomingHttpHeaders } from "node:http";
import type { PassingFault } from "./faults.ts";

/** How many bytes came, and why not all of them did. */
export type Received = { readonly bytes: number; readonly fault: PassingFault | null };

/** What an origin answered. Either `receive` or `discard` it. */
export type Answer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /**
   * Takes the body, which must be as long as `into`. Rejects only when the request's signal aborts;
   * once it has settled `into` is not written to any more.
   */
  receive(into: Uint8Array): Promise<Received>;
  /** Frees the connection: for the next request if that is cheap. */
  discard(): void;
};
