export {
  type FsContentPorts,
  FsContentSource,
  RANGES_AT_ONCE_MAX,
  READ_BYTES_MAX,
} from "./fs-content-source.ts";
export type { FileState } from "./is-listed.ts";
export { LISTING_CALLS_AT_ONCE_MAX } from "./list-content.ts";
export {
  FsManagedContentStore,
  MANAGED_LISTS_MAX,
  MANAGED_READS_MAX,
  MANAGED_WRITES_MAX,
} from "./managed-content-store.ts";
export { type ListedFile, OPEN_FILE_IDLE_MS_MAX, OPEN_FILES_MAX } from "./open-files.ts";
export { type RepairSpan, repairFile } from "./repair-file.ts";
export { type ListedRun, runBytesSync } from "./run-bytes-sync.ts";
export { RunReads } from "./run-reads.ts";
