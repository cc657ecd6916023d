import type {
  GetObjectCommandOutput,
  HeadObjectCommandOutput,
  ListObjectsV2CommandOutput,
} from "@aws-sdk/client-s3";
import { contentNameNotUtf8 } from "@seedfleet/content";
import { type S3Fault, s3Changed, s3Failed, s3NoRanges } from "./s3-fault.ts";

/** An object as it was at one moment. */
export type S3Object = {
  readonly key: string;
  readonly sizeBytes: number;
  readonly modified: string;
  /** Without its quotes, which not every store gives everywhere. */
  readonly etag: string;
  /** Whether it may have to be restored before it can be read; a listing cannot tell for sure. */
  readonly isArchived: boolean;
};

export type S3Page = {
  readonly objects: readonly S3Object[];
  /** Where the next page begins, or null after the last. */
  readonly next: string | null;
};

/** Which part of an object is asked for; `sizeBytes` and `etag` are what was listed. */
export type S3Part = Pick<S3Object, "key" | "sizeBytes" | "etag"> & {
  readonly bucket: string;
  readonly offsetBytes: number;
};

const ARCHIVES: ReadonlySet<string | undefined> = new Set(["DEEP_ARCHIVE", "GLACIER"]);

export function headObject(key: string, answer: HeadObjectCommandOutput): S3Object {
  const { ContentLength, ETag, LastModified, StorageClass, ArchiveStatus, Restore } = answer;
  const isArchived = ARCHIVES.has(StorageClass) || ArchiveStatus !== undefined;
  return {
    ...objectOf(key, { Size: ContentLength, ETag, LastModified }),
    isArchived: isArchived && !Restore?.includes('ongoing-request="false"'),
  };
}

/** `directory` is what a key that is no text is said to lie in, `prefix` what all begin with. */
export function listedPage(
  { directory, prefix }: { readonly directory: string; readonly prefix: string },
  answer: ListObjectsV2CommandOutput,
): S3Page {
  const { Contents = [], EncodingType, IsTruncated, NextContinuationToken } = answer;
  const objects = Contents.map((listed) => {
    if (listed.Key === undefined) throw notS3("a key");
    const key = EncodingType === "url" ? decodeKey(directory, listed.Key) : listed.Key;
    if (!key.startsWith(prefix)) throw s3Failed("it lists what it is not asked for");
    const isArchived = ARCHIVES.has(listed.StorageClass);
    return { ...objectOf(key, listed), isArchived };
  });
  if (IsTruncated !== true) return { objects, next: null };
  if (NextContinuationToken === undefined) throw notS3("where its next page begins");
  return { objects, next: NextContinuationToken };
}

/** Throws unless the body is what was asked for, of the object that was listed. */
export function checkPart(part: S3Part, answer: GetObjectCommandOutput, lengthBytes: number): void {
  const { ETag, ContentRange, ContentLength } = answer;
  if (ETag === undefined) throw notS3("an ETag");
  if (unquoted(ETag) !== part.etag) throw s3Changed();
  const [, begin, end, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(ContentRange ?? "") ?? [];
  const isWhole = lengthBytes === part.sizeBytes && ContentLength === lengthBytes;
  if (total === undefined && !isWhole) throw s3NoRanges();
  if (total === undefined) return;
  if (Number(total) !== part.sizeBytes) throw s3Changed();
  const endBytes = part.offsetBytes + lengthBytes;
  const isAsked = Number(begin) === part.offsetBytes && Number(end) === endBytes - 1;
  if (!isAsked || (ContentLength ?? lengthBytes) !== lengthBytes) throw s3Short();
}

export function s3Short(): S3Fault {
  return s3Failed("it gives fewer or other bytes than it is asked for", "soon");
}

type Told = {
  readonly Size?: number | undefined;
  readonly ETag?: string | undefined;
  readonly LastModified?: Date | undefined;
};

function objectOf(key: string, { Size, ETag, LastModified }: Told): Omit<S3Object, "isArchived"> {
  if (Size === undefined) throw notS3("a size");
  if (ETag === undefined) throw notS3("an ETag");
  return { key, sizeBytes: Size, modified: dateText(LastModified), etag: unquoted(ETag) };
}

/** To the second, which is as finely as HTTP tells it: a page of a listing may know more. */
function dateText(date: Date | undefined): string {
  if (date === undefined || Number.isNaN(date.getTime())) return "";
  return `${date.toISOString().slice(0, "2000-01-01T00:00:00".length)}Z`;
}

function unquoted(etag: string): string {
  return etag.replace(/^"(.*)"$/, "$1");
}

/** As a form's field: a space is "+". Only so do keys come through XML that it has no text for. */
function decodeKey(directory: string, encoded: string): string {
  const plain = encoded.replaceAll("+", " ");
  try {
    return decodeURIComponent(plain);
  } catch {
    const bytes = plain.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
    throw contentNameNotUtf8(directory, Buffer.from(bytes, "latin1"));
  }
}

function notS3(what: string): S3Fault {
  return s3Failed(`it does not say ${what}, as S3 does`);
}
