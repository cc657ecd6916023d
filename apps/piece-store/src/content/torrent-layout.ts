import type { ContentListing } from "@seedfleet/content";
import type { Metainfo } from "@seedfleet/metainfo";
import { contentMismatch } from "../errors.ts";

/** One file's place in the torrent, and in the listing of what lies at a location. */
export type LayoutFile = {
  readonly path: readonly string[];
  readonly lengthBytes: number;
  readonly offsetBytes: number;
  readonly padding: boolean;
  /** Null for padding and for what has no bytes. */
  readonly contentFile: number | null;
};

export type TorrentLayout = { readonly files: readonly LayoutFile[]; readonly sizeBytes: number };

type TorrentFiles = Pick<Metainfo, "files" | "sizeBytes" | "single">;

/**
 * The files of a torrent that have bytes of their own, as a source is asked for them; undefined of
 * a single file, which may have any name where it lies.
 */
export function storedFiles({
  files,
  single,
}: TorrentFiles): readonly (readonly string[])[] | undefined {
  if (single) return undefined;
  return files.filter((file) => isStored(file)).map(({ path }) => path);
}

/**
 * Finds every file of the torrent in a listing, by its path. Throws `content-mismatch` where one
 * is not there or has another size.
 */
export function layOut(torrent: TorrentFiles, listing: ContentListing): TorrentLayout {
  if (torrent.single !== listing.single) {
    const kind = torrent.single ? "one file, not a directory" : "a directory, not one file";
    throw contentMismatch(listing.path, `the torrent is of ${kind}`);
  }
  const listed = new Map(listing.files.map(({ path }, index) => [path.join("/"), index]));
  const files = torrent.files.map(({ path, lengthBytes, offsetBytes, padding }): LayoutFile => {
    const file = { path, lengthBytes, offsetBytes, padding, contentFile: null };
    if (!isStored(file)) return file;
    const index = torrent.single ? 0 : listed.get(path.join("/"));
    const sizeBytes = index === undefined ? undefined : listing.files[index]?.sizeBytes;
    if (index === undefined || sizeBytes === undefined) {
      throw contentMismatch(listing.path, `${path.join("/")} is not there`);
    }
    if (sizeBytes !== lengthBytes) {
      const sizes = `has ${sizeBytes} bytes, by the torrent ${lengthBytes}`;
      throw contentMismatch(listing.path, `${path.join("/")} ${sizes}`);
    }
    return { ...file, contentFile: index };
  });
  return { files, sizeBytes: torrent.sizeBytes };
}

function isStored({ padding, lengthBytes }: { padding: boolean; lengthBytes: number }): boolean {
  return !padding && lengthBytes > 0;
}
