export {
  GET_BYTES_MAX,
  S3_ATTEMPTS_MAX,
  S3_LIST_SILENCE_MS_MAX,
  S3_READ_SILENCE_MS_MAX,
  S3_REQUEST_MS_MAX,
  S3_REQUESTS_AT_ONCE_MAX,
  S3_REQUESTS_EACH_MAX,
} from "./limits.ts";
export { type S3ContentPorts, S3ContentSource } from "./s3-content-source.ts";
export type { S3Options } from "./s3-requests.ts";
