import { type ContentError, contentUnreadable } from "@seedfleet/content";

/** An object, or all objects under a prefix; of a whole bucket the key is empty. */
export type S3Location = {
  readonly bucket: string;
  /** Without a slash at its end. */
  readonly key: string;
  /** Whether it was written with a slash at its end, and so means a prefix only. */
  readonly isPrefix: boolean;
};

const SCHEME = "s3://";

/** As Amazon's are, and as long and with as many capitals as others let them be. */
const BUCKET = /^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/;

/**
 * Takes `s3://bucket/key-or-prefix` apart. The key is taken as it is written: `%20` and `+` are
 * these characters and no space, and letters that look alike are not made one, because to S3 these
 * are all different keys. A key that is no path is refused: a request for it may be sent elsewhere
 * by whatever lies between.
 */
export function parseLocation(text: string): S3Location {
  if (!text.startsWith(SCHEME)) throw notALocation(text, "it does not begin with s3://");
  const [bucket = "", ...elements] = text.slice(SCHEME.length).split("/");
  if (!BUCKET.test(bucket)) throw notALocation(text, "a bucket's name is not like that");
  const isPrefix = elements.at(-1) === "";
  if (isPrefix) elements.pop();
  if (elements.length > 0 && !isPath(elements)) {
    throw notALocation(text, 'its key has an element that is empty, "." or ".."');
  }
  const key = elements.join("/");
  if (!key.isWellFormed()) throw notALocation(text, "its key is not Unicode");
  return { bucket, key, isPrefix };
}

/** The one form that is compared: no slash at the end. */
export function formatLocation({ bucket, key }: Pick<S3Location, "bucket" | "key">): string {
  return key === "" ? `${SCHEME}${bucket}` : `${SCHEME}${bucket}/${key}`;
}

/** What a listing calls it: the last element of the key, or the bucket. */
export function nameOf({ bucket, key }: Pick<S3Location, "bucket" | "key">): string {
  return key === "" ? bucket : key.slice(key.lastIndexOf("/") + 1);
}

/** Whether a file may lie there, in a directory and in a torrent. */
export function isPath(elements: readonly string[]): boolean {
  return elements.every(
    (element) => element !== "" && element !== "." && element !== ".." && !element.includes("\0"),
  );
}

function notALocation(text: string, reason: string): ContentError {
  return contentUnreadable(withoutSecrets(text), `${reason}; write it as s3://bucket/key`);
}

/** People paste presigned URLs, and credentials before an `@`, with slashes in them. */
function withoutSecrets(text: string): string {
  return text.replace(/^(\w+:\/\/)?.*@/s, "$1…@").replace(/\?.*$/s, "?…");
}
