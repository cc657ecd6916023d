import type { Networks } from "../addresses/networks.ts";
import type { HttpHandler } from "./http-handler.ts";
import type { ReplyBytes } from "./reply-bytes.ts";

/** What the connections of one listener have in common. */
export type ConnectionHost = {
  handler: HttpHandler;
  draining: boolean;
  /** Empty between two events: replies are written here, and from here to the socket. */
  readonly output: ReplyBytes;
  readonly nowMs: () => number;
  readonly proxies: Networks;
  readonly readsForwardedFor: boolean;
};
