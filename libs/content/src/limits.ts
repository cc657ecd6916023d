/**
 * Files, directories and what is skipped, all together. As many as a torrent may have files; a
 * listing of so many takes some 100 MB of memory while it is made.
 */
export const CONTENT_ENTRIES_MAX = 262_144;
