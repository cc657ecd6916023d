import type { ManagedFile, ManagedSpan } from "@seedfleet/content";
import { fileSpans, type Metainfo } from "@seedfleet/metainfo";
import type { LayoutFile, TorrentLayout } from "../content/torrent-layout.ts";

type MetainfoFile = Metainfo["files"][number];

/** The files to be kept, without padding, which lies nowhere, and without links. */
export function managedFiles({ files }: Pick<Metainfo, "files">): readonly ManagedFile[] {
  return files.filter(isKept).map(({ path, lengthBytes }) => ({ path, sizeBytes: lengthBytes }));
}

/** Asked for with every piece of a torrent that comes. */
const layouts = new WeakMap<Metainfo, TorrentLayout>();

/** The torrent's files, each with its place among those that are kept. */
export function managedLayout(metainfo: Metainfo): TorrentLayout {
  const known = layouts.get(metainfo);
  if (known !== undefined) return known;
  let kept = 0;
  const files = metainfo.files.map((file): LayoutFile => {
    const { path, lengthBytes, offsetBytes, padding } = file;
    const contentFile = isKept(file) ? kept : null;
    if (contentFile !== null) kept += 1;
    return { path, lengthBytes, offsetBytes, padding, contentFile };
  });
  const layout = { files, sizeBytes: metainfo.sizeBytes };
  layouts.set(metainfo, layout);
  return layout;
}

/**
 * Where bytes of the torrent go that lie in these parts, one after the other; padding goes nowhere,
 * and may be missing at their end.
 */
export function managedSpans(
  layout: TorrentLayout,
  begin: number,
  parts: readonly Uint8Array[],
): readonly ManagedSpan[] {
  let at = begin;
  return parts.flatMap((part) => {
    at += part.length;
    return spansOf(layout, at - part.length, part);
  });
}

function spansOf(layout: TorrentLayout, begin: number, bytes: Uint8Array): readonly ManagedSpan[] {
  const spans: ManagedSpan[] = [];
  let at = 0;
  for (const { file, offsetBytes, lengthBytes } of fileSpans(layout, begin, bytes.length)) {
    const kept = layout.files[file]?.contentFile ?? null;
    const part = bytes.subarray(at, at + lengthBytes);
    if (kept !== null) spans.push({ file: kept, offsetBytes, bytes: part });
    at += lengthBytes;
  }
  return spans;
}

function isKept({ padding, symlink }: MetainfoFile): boolean {
  return !padding && symlink === null;
}
