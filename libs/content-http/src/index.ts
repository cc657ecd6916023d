export type { HttpContentPorts } from "./http-client.ts";
export { HttpContentSource } from "./http-content-source.ts";
export {
  ATTEMPTS_MAX,
  CONNECTION_IDLE_MS_MAX,
  CONNECTIONS_PER_ORIGIN_MAX,
  DISCARDED_BYTES_MAX,
  HEADER_BYTES_MAX,
  REDIRECT_MS_MAX,
  REDIRECTS_KEPT_MAX,
  REDIRECTS_MAX,
  REQUEST_MS_MAX,
  REQUESTS_AT_ONCE_MAX,
  RETRY_AFTER_MS_MAX,
  RETRY_MS_MAX,
  STALL_MS_MAX,
} from "./http-limits.ts";
export type { Allowed } from "./redirects.ts";
