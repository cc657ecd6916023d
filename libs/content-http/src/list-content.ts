import {
  CONTENT_ENTRIES_MAX,
  type ContentFile,
  type ContentListing,
  contentEmpty,
  contentNotListable,
  contentTooManyFiles,
  type ListOptions,
} from "@seedfleet/content";
import { forEachBounded } from "@seedfleet/runtime";
import type { HttpClient } from "./http-client.ts";
import { REQUESTS_AT_ONCE_MAX } from "./http-limits.ts";
import { fileUrl, nameOf, parseLocation, shown } from "./location.ts";
import { NOT_LISTABLE, probeFile } from "./probe-file.ts";

/** Lists one file, or those of a directory that are named. */
export async function listContent(
  client: HttpClient,
  location: string,
  { signal, files: named }: ListOptions = {},
): Promise<ContentListing> {
  const url = parseLocation(location);
  const name = nameOf(url);
  const isDirectory = url.pathname.endsWith("/");
  if (named === undefined && isDirectory) throw contentNotListable(shown(url), NOT_LISTABLE);
  const paths = named ?? [[name]];
  if (paths.length > CONTENT_ENTRIES_MAX) {
    throw contentTooManyFiles(shown(url), CONTENT_ENTRIES_MAX);
  }
  const single = !isDirectory && paths.length === 1 && isOnly(paths[0], name);
  const stopping = new AbortController();
  const stopped = client.signalOf([stopping.signal, ...(signal === undefined ? [] : [signal])]);
  const files: ContentFile[] = new Array(paths.length);
  await forEachBounded(paths, REQUESTS_AT_ONCE_MAX, async (path, index) => {
    try {
      const at = single ? url : fileUrl(url, path);
      files[index] = { path, ...(await probeFile(client, at, stopped)) };
    } catch (error) {
      stopping.abort(error);
      throw error;
    }
  });
  const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  if (sizeBytes === 0) throw contentEmpty(shown(url));
  return { path: url.href, name, single, files, sizeBytes, skipped: [] };
}

function isOnly(path: readonly string[] | undefined, name: string): boolean {
  return path?.length === 1 && path[0] === name;
}
