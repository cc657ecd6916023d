import { deepEqual, equal, throws } from "node:assert/strict";
import { test } from "node:test";
import { formatLocation, nameOf, parseLocation } from "./location.ts";

const locations = [
  { given: "a key", text: "s3://a.b-c/d/e f", canonical: "s3://a.b-c/d/e f", name: "e f" },
  { given: "a slash at the end", text: "s3://abc/d/e/", canonical: "s3://abc/d/e", name: "e" },
  { given: "a bucket", text: "s3://abc", canonical: "s3://abc", name: "abc" },
  { given: "a bucket and a slash", text: "s3://abc/", canonical: "s3://abc", name: "abc" },
  { given: "what looks encoded", text: "s3://abc/a%2Fb+c", canonical: "s3://abc/a%2Fb+c" },
  { given: "a composed letter", text: "s3://abc/\u00e9", canonical: "s3://abc/\u00e9" },
  { given: "a letter of two", text: "s3://abc/e\u0301", canonical: "s3://abc/e\u0301" },
  { given: "what a URL ends at", text: "s3://abc/a?b#c", canonical: "s3://abc/a?b#c" },
];

for (const { given, text, canonical, name } of locations) {
  test(`parseLocation() given ${given} keeps the key as it is written`, () => {
    const location = parseLocation(text);
    equal(formatLocation(location), canonical);
    deepEqual(parseLocation(canonical), { ...location, isPrefix: false });
    equal(nameOf(location), name ?? location.key);
  });
}

const KEY = 'its key has an element that is empty, "." or ".."';
const BUCKET = "a bucket's name is not like that";

const refused = [
  { text: "/srv/debian", shown: "/srv/debian", because: "it does not begin with s3://" },
  { text: "s3:///key", shown: "s3:///key", because: BUCKET },
  { text: "s3://ab/key", shown: "s3://ab/key", because: BUCKET },
  { text: "s3://id:sec/ret@abc/key", shown: "s3://…@abc/key", because: BUCKET },
  {
    text: "https://abc.example/key?X-Amz-Signature=secret",
    shown: "https://abc.example/key?…",
    because: "it does not begin with s3://",
  },
  { text: "s3://abc//key", shown: "s3://abc//key", because: KEY },
  { text: "s3://abc/a//", shown: "s3://abc/a//", because: KEY },
  { text: "s3://abc/a/../b", shown: "s3://abc/a/../b", because: KEY },
  { text: "s3://abc/.", shown: "s3://abc/.", because: KEY },
  { text: "s3://abc/\ud800", shown: "s3://abc/\ud800", because: "its key is not Unicode" },
];

for (const { text, shown, because } of refused) {
  test(`parseLocation() refuses ${JSON.stringify(shown)}`, () => {
    const reason = `${because}; write it as s3://bucket/key`;
    throws(() => parseLocation(text), {
      message: `Cannot read ${shown}: ${reason}`,
      detail: { code: "content-unreadable", path: shown, reason },
    });
  });
}
