import { equal, match, notEqual } from "node:assert/strict";
import { test } from "node:test";
import type { ContentFile, ContentListing } from "@seedfleet/content";
import { fingerprintOf } from "./fingerprint.ts";

const FILE: ContentFile = { path: ["a", "b"], sizeBytes: 12, modified: "345", identity: "6" };

function given(file: Partial<ContentFile> = {}, path = "/x"): ContentListing {
  const files = [{ ...FILE, ...file }];
  return { path, name: "x", single: false, files, sizeBytes: 12, skipped: [] };
}

test("fingerprintOf() is the same for equal listings, whatever was skipped", () => {
  match(fingerprintOf(given()), /^[0-9a-f]{64}$/);
  equal(fingerprintOf({ ...given(), skipped: ["link"] }), fingerprintOf(given()));
});

const others = [
  { given: "another path", listing: given({}, "/y") },
  { given: "another name", listing: given({ path: ["a", "c"] }) },
  { given: "another size", listing: given({ sizeBytes: 13 }) },
  { given: "another time", listing: given({ modified: "346" }) },
  { given: "another inode", listing: given({ identity: "7" }) },
  { given: "digits that moved", listing: given({ sizeBytes: 1, modified: "2345" }) },
  { given: "one more file", listing: { ...given(), files: [FILE, FILE] } },
] as const;

for (const { given: situation, listing } of others) {
  test(`fingerprintOf() given ${situation} is another`, () => {
    notEqual(fingerprintOf(listing), fingerprintOf(given()));
  });
}
