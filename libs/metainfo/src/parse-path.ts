import { type Bencoded, bytesOf } from "@seedfleet/bencode";
import { PATH_BYTES_MAX, PATH_DEPTH_MAX } from "./limits.ts";
import { pathElement } from "./path-element.ts";
import { type MetainfoViolation, violation } from "./violation.ts";

/** The safe elements of a path; none where nothing of it can be kept. */
export function parsePath(
  items: Iterable<Bencoded>,
  file: number,
): readonly string[] | MetainfoViolation {
  const path: string[] = [];
  let depth = 0;
  let pathBytes = 0;
  for (const item of items) {
    const bytes = bytesOf(item);
    if (bytes === null) return violation({ code: "torrent-invalid-name", file });
    depth += 1;
    pathBytes += bytes.length + 1;
    // Judged before the name is read, so that no time goes into one of a million bytes.
    if (depth > PATH_DEPTH_MAX || pathBytes > PATH_BYTES_MAX) {
      return violation({ code: "path-too-long", file });
    }
    const element = pathElement(bytes);
    if (element !== null) path.push(element);
  }
  return path;
}
