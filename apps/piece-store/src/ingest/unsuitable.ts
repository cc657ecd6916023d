import type { ContentListing } from "@seedfleet/content";
import type { MetainfoDraft, MetainfoViolation } from "@seedfleet/metainfo";
import { contentUnsuitable, type PieceStoreError } from "../errors.ts";

type Draft = Pick<MetainfoDraft, "files">;

/** Why no torrent can be made of listed content: which path is to blame, and what to do. */
export function unsuitable(
  listing: Pick<ContentListing, "path" | "single">,
  draft: Draft,
  violation: MetainfoViolation,
): PieceStoreError {
  const { code } = violation;
  const problem = PROBLEMS[code] ?? `a torrent of it would be no good: ${code}`;
  return contentUnsuitable(blamed(listing, draft, violation), code, problem);
}

function blamed(
  { path, single }: Pick<ContentListing, "path" | "single">,
  { files }: Draft,
  violation: MetainfoViolation,
): string {
  const file = "file" in violation ? violation.file : null;
  if (file === null || single) return path;
  // Of a URL, too, whose slashes no path library may touch.
  return [path.replace(/\/+$/, ""), ...(files[file]?.path ?? [])].join("/");
}

const PROBLEMS: { readonly [code in MetainfoViolation["code"]]?: string } = {
  "torrent-missing-name": "a torrent cannot carry its name; rename it",
  "torrent-invalid-name": "a torrent cannot carry a name in this path; rename it",
  "path-too-long": "a torrent cannot carry so long a path; put it in fewer directories",
  "torrent-invalid-length": "a torrent cannot carry a file so large; split it",
  "torrent-missing-piece-length":
    "pieces cannot be so long; take a power of two from 16 KiB to 256 MiB",
  "torrent-inconsistent-files":
    "a v2 torrent cannot say that its one file lies in a directory; publish the file itself, or " +
    "publish it as hybrid",
  "too-many-pieces-in-torrent":
    "it is too large for one torrent; take longer pieces, or publish its parts one by one",
  "too-many-files": "it has too many files for one torrent; publish its parts one by one",
  "token-limit-exceeded": "it has too many files for one torrent; publish its parts one by one",
  "metainfo-too-large":
    "its .torrent would be larger than clients read; take longer pieces, or publish its parts " +
    "one by one",
  "url-invalid": "a web seed is no URL; write it as https://host/path",
};
