import {
  CONTENT_ENTRIES_MAX,
  type ContentFile,
  type ContentListing,
  contentChanged,
  contentEmpty,
  contentMissing,
  contentTooManyFiles,
  contentUnreadable,
  type ListOptions,
} from "@seedfleet/content";
import { errorCode, forEachBounded } from "@seedfleet/runtime";
import { S3_REQUESTS_EACH_MAX } from "./limits.ts";
import { formatLocation, isPath, nameOf, parseLocation, type S3Location } from "./location.ts";
import { type Placed, refuseConflicts, treeOf } from "./object-paths.ts";
import type { S3Object, S3Page } from "./s3-answers.ts";
import { contentFault } from "./s3-fault.ts";
import type { S3Requests } from "./s3-requests.ts";
import { archived } from "./sdk-error.ts";

/** What is looked at, and by what. */
type Look = {
  readonly requests: S3Requests;
  readonly location: S3Location;
  readonly root: string;
  readonly signal: AbortSignal | undefined;
  readonly entriesMax: number;
};

/** What lies there: an object, or perhaps some under it, where `refusal` is why we cannot tell. */
type Found = { readonly object: S3Object } | { readonly object: null; readonly refusal: unknown };

/** The location in the one form that is compared, if there is anything. */
export async function resolveLocation(requests: S3Requests, text: string): Promise<string> {
  const look = lookAt(requests, text);
  const found = await find(look);
  if (found.object === null && (await objectsUnder(look, 1)).length === 0) nothing(look, found);
  return look.root;
}

/** Lists one object, or all under a prefix in the order of their path bytes. */
export async function listContent(
  requests: S3Requests,
  text: string,
  options: ListOptions & { readonly entriesMax?: number } = {},
): Promise<ContentListing> {
  const look = lookAt(requests, text, options);
  look.signal?.throwIfAborted();
  const found = await find(look);
  if (found.object !== null) return objectListing(look, found.object, options.files);
  if (options.files !== undefined) return namedListing(look, options.files);
  return prefixListing(look, found);
}

function lookAt(
  requests: S3Requests,
  text: string,
  { signal, entriesMax = CONTENT_ENTRIES_MAX }: ListOptions & { readonly entriesMax?: number } = {},
): Look {
  const location = parseLocation(text);
  return { requests, location, root: formatLocation(location), signal, entriesMax };
}

async function find({ requests, location, root, signal }: Look): Promise<Found> {
  if (location.key === "") return { object: null, refusal: null };
  let object: S3Object;
  try {
    object = await requests.head(location, signal);
  } catch (error) {
    const code = errorCode(error);
    if (code === "s3-absent") return { object: null, refusal: null };
    // A policy for "prefix/*" says nothing of "prefix", so a store may refuse to tell of that.
    if (code === "s3-refused") return { object: null, refusal: error };
    throw contentFault(error, root, contentMissing);
  }
  if (!location.isPrefix) return { object };
  throw contentUnreadable(root, "it is an object, no prefix; leave out the slash at its end");
}

function nothing({ location, root }: Look, found: Found): void {
  if (found.object === null && found.refusal !== null) {
    throw contentFault(found.refusal, root, contentMissing);
  }
  // A bucket that could be listed is there, were it empty.
  if (location.key !== "") throw contentMissing(root);
}

function objectListing(look: Look, object: S3Object, files: ListOptions["files"]): ContentListing {
  const name = nameOf(look.location);
  const absent = files?.find((path) => path.length !== 1 || path[0] !== name);
  if (absent !== undefined) throw contentMissing(pathOf(look, absent));
  assertNotArchived(look.root, object);
  return listing(look, { single: true, files: [fileOf(object, [name])], skipped: [] });
}

async function prefixListing(look: Look, found: Found): Promise<ContentListing> {
  const objects = await objectsUnder(look);
  if (objects.length === 0) nothing(look, found);
  const { files, skipped } = treeOf(look.root, prefixOf(look), objects);
  // One stands for all: a policy that lets us list but not read would show only when it is hashed.
  const unsure = files.filter(({ object }, index) => index === 0 || object.isArchived);
  await forEachBounded(unsure, S3_REQUESTS_EACH_MAX, (placed) => assertReadable(look, placed));
  const listed = files.map(({ object, path }) => fileOf(object, path));
  return listing(look, { single: false, files: listed, skipped });
}

async function namedListing(
  look: Look,
  paths: readonly (readonly string[])[],
): Promise<ContentListing> {
  const { root, entriesMax } = look;
  if (paths.length > entriesMax) throw contentTooManyFiles(root, entriesMax);
  refuseConflicts(root, paths);
  const files: ContentFile[] = new Array(paths.length);
  await forEachBounded(paths, S3_REQUESTS_EACH_MAX, async (path, index) => {
    const object = await headBelow(look, path, contentMissing);
    assertNotArchived(pathOf(look, path), object);
    files[index] = fileOf(object, path);
  });
  return listing(look, { single: false, files, skipped: [] });
}

/** All objects under the location, or the first `max` of them. */
async function objectsUnder(look: Look, max?: number): Promise<readonly S3Object[]> {
  const { requests, location, root, signal, entriesMax } = look;
  const objects: S3Object[] = [];
  const query = { prefix: prefixOf(look), ...(max === undefined ? {} : { max }) };
  let pages = 0;
  for (let from: string | null = null; ; ) {
    signal?.throwIfAborted();
    const page: S3Page = await requests
      .page(location.bucket, { ...query, from }, signal)
      .catch((error) => {
        throw contentFault(error, root, contentMissing);
      });
    for (const object of page.objects) objects.push(object);
    pages += 1;
    // Pages count too: a store that gives empty ones without end would never let us go.
    if (Math.max(objects.length, pages) > entriesMax) throw contentTooManyFiles(root, entriesMax);
    from = page.next;
    if (from === null || objects.length >= (max ?? Infinity)) return objects;
  }
}

async function assertReadable(look: Look, { object, path }: Placed): Promise<void> {
  const now = await headBelow(look, path, contentChanged);
  if (now.etag !== object.etag) throw contentChanged(pathOf(look, path));
  assertNotArchived(pathOf(look, path), now);
}

/** `absent` is what it means that there is no such object. */
async function headBelow(
  look: Look,
  path: readonly string[],
  absent: typeof contentMissing,
): Promise<S3Object> {
  const { requests, location, signal } = look;
  const at = pathOf(look, path);
  signal?.throwIfAborted();
  if (path.length === 0 || !isPath(path) || path.some((element) => element.includes("/"))) {
    throw absent(at);
  }
  const key = prefixOf(look) + path.join("/");
  try {
    return await requests.head({ bucket: location.bucket, key }, signal);
  } catch (error) {
    throw contentFault(error, at, absent);
  }
}

function assertNotArchived(at: string, object: S3Object): void {
  if (object.isArchived) throw contentUnreadable(at, archived("an archive"));
}

function listing(
  { root, location }: Look,
  content: Pick<ContentListing, "single" | "files" | "skipped">,
): ContentListing {
  const sizeBytes = content.files.reduce((sum, file) => sum + file.sizeBytes, 0);
  if (sizeBytes === 0) throw contentEmpty(root);
  return { path: root, name: nameOf(location), ...content, sizeBytes };
}

function fileOf(object: S3Object, path: readonly string[]): ContentFile {
  const { sizeBytes, modified, etag } = object;
  return { path, sizeBytes, modified, identity: etag };
}

function prefixOf({ location: { key } }: Look): string {
  return key === "" ? "" : `${key}/`;
}

function pathOf({ root }: Look, path: readonly string[]): string {
  return [root, ...path].join("/");
}
