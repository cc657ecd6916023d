import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseTrackerUrl, trackerLabel, withoutSecrets } from "./tracker-url.ts";

const PASSKEY = "0123456789abcdef0123456789abcdef";

const labels = [
  { text: "http://t.example/announce", label: "http://t.example:80/announce" },
  { text: "https://T.example:8443/", label: "https://t.example:8443/" },
  { text: "udp://T.example:6969", label: "udp://t.example:6969" },
  { text: "udp://[2001:db8::1]:6969/announce", label: "udp://[2001:db8::1]:6969/announce" },
  { text: `http://t.example/${PASSKEY}/announce`, label: "http://t.example:80/…" },
  { text: `http://t.example/announce?passkey=${PASSKEY}`, label: "http://t.example:80/…" },
  { text: `http://user:${PASSKEY}@t.example/announce`, label: "http://t.example:80/announce" },
  { text: `udp://user:${PASSKEY}@t.example:1/announce`, label: "udp://t.example:1/announce" },
  { text: `http://t.example/announce#${PASSKEY}`, label: "http://t.example:80/announce" },
] as const;

for (const { text, label } of labels) {
  test(`trackerLabel() given ${text}`, () => {
    const url = parseTrackerUrl(text);
    equal(url && trackerLabel(url), label);
  });
}

for (const text of [
  "",
  "announce",
  "wss://t.example/announce",
  "file:///etc/passwd",
  "udp://t.example/announce",
  "udp://t.example:0/announce",
  "http://t.example:65536/",
  "udp://:80/announce",
  `http://t.example/${"a".repeat(2_048)}`,
]) {
  test(`parseTrackerUrl() given ${text.slice(0, 40)} gives null`, () => {
    equal(parseTrackerUrl(text), null);
  });
}

test("parseTrackerUrl() gives what BEP 41 sends, and an address without brackets", () => {
  const url = parseTrackerUrl("udp://user:pass@[::1]:6969/a/b?c=d#e");
  deepEqual(url, {
    scheme: "udp",
    href: "udp://[::1]:6969/a/b?c=d",
    host: "::1",
    port: 6969,
    pathAndQuery: "/a/b?c=d",
  });
});

const secrets = [
  { given: "in the path", url: `http://t.example/${PASSKEY}/announce` },
  { given: "in the query", url: `udp://t.example:1/announce?passkey=${PASSKEY}` },
  { given: "as the password", url: `http://user:${PASSKEY}@t.example/announce` },
  { given: "percent-encoded", url: `http://t.example/%30${PASSKEY.slice(1)}/announce` },
] as const;

for (const { given, url } of secrets) {
  test(`withoutSecrets() given a passkey ${given}`, () => {
    const tracker = parseTrackerUrl(url);
    ok(tracker !== null);
    const said = withoutSecrets(`the passkey ${PASSKEY} is unknown, announce again`, tracker);
    equal(said, "the passkey … is unknown, announce again");
  });
}

test("parseTrackerUrl() and trackerLabel() never throw, and a label has no query", () => {
  const anyText = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.webUrl({ withQueryParameters: true, withFragments: true }),
    fc.string({ unit: "grapheme" }).map((text) => `udp://${text}:80/${text}`),
  );
  fc.assert(
    fc.property(anyText, (text) => {
      const url = parseTrackerUrl(text);
      if (url === null) return;
      ok(!trackerLabel(url).includes("?"));
      equal(parseTrackerUrl(url.href)?.href, url.href);
      withoutSecrets(text, url);
    }),
  );
});
