export type {
  Content,
  ContentFile,
  ContentListing,
  ContentRange,
  ContentSource,
  ListOptions,
} from "./content-source.ts";
export {
  type ContentError,
  type ContentErrorDetail,
  contentChanged,
  contentEmpty,
  contentFull,
  contentMissing,
  contentNameNotUtf8,
  contentNoRanges,
  contentNotListable,
  contentTooManyFiles,
  contentUnreadable,
  contentUnwritable,
} from "./errors.ts";
export { CONTENT_ENTRIES_MAX } from "./limits.ts";
export type {
  ManagedContent,
  ManagedContentStore,
  ManagedFile,
  ManagedShape,
  ManagedSpan,
} from "./managed-content.ts";
