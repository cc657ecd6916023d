export {
  type FsContentPorts,
  FsContentSource,
  RANGES_AT_ONCE_MAX,
  READ_BYTES_MAX,
} from "./fs-content-source.ts";
export { LISTING_CALLS_AT_ONCE_MAX } from "./list-content.ts";
export { OPEN_FILE_IDLE_MS_MAX, OPEN_FILES_MAX } from "./open-files.ts";
