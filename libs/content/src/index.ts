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
  contentMissing,
  contentNameNotUtf8,
  contentTooManyFiles,
  contentUnreadable,
} from "./errors.ts";
export { CONTENT_ENTRIES_MAX } from "./limits.ts";
