import { ok } from "node:assert/strict";
import { test } from "node:test";
import { tokenCount } from "@seedfleet/bencode";
import fc from "fast-check";
import { draftSize } from "./draft-size.ts";
import { layoutTorrent } from "./layout-torrent.ts";
import { makeMetainfo } from "./make-metainfo.ts";
import type { MetainfoDraft } from "./metainfo-draft.ts";
import { scanMetainfo } from "./scan-metainfo.ts";
import { anyDraft } from "./testing.ts";

function sizeOf(draft: MetainfoDraft): { bytes: number; tokens: number } {
  const { version = "v1" } = draft;
  return draftSize(draft, layoutTorrent({ ...draft, version }));
}

test("draftSize() is never less than what is made, and not much more", () => {
  fc.assert(
    fc.property(anyDraft, (draft) => {
      const made = makeMetainfo(draft);
      const tree = scanMetainfo(made);
      ok(!("kind" in tree));
      const { bytes, tokens } = sizeOf(draft);
      ok(bytes >= made.length, `${bytes} < ${made.length}`);
      ok(tokens >= tokenCount(tree));
      ok(bytes <= 2_500 + 1.5 * made.length, `${bytes} for ${made.length}`);
      ok(tokens <= 100 + tokenCount(tree));
    }),
  );
});
