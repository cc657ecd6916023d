import assert from "node:assert/strict";
import { test } from "node:test";
import { urlOption } from "./testing.ts";
import { UrlData } from "./url-data.ts";

function passkeyOf(options: Uint8Array): string | null | false | "malformed" {
  const urlData = new UrlData();
  return urlData.read(options, 0, options.length) ? urlData.passkey() : "malformed";
}

const PASSKEYS: readonly (readonly [string, string | null | false])[] = [
  ["/announce", null],
  ["/announce?a=b", null],
  ["", null],
  ["/", null],
  ["/tracker/of/mine", null],
  ["/0123abcXYZ-_/announce", "0123abcXYZ-_"],
  ["/key/announce?a=/announce", "key"],
  ["/key/announced", null],
  ["/announce/announce", "announce"],
  [`/${"k".repeat(128)}/announce`, "k".repeat(128)],
  [`/${"k".repeat(300)}/announce`, false],
  ["/k\0y/announce", false],
  ["//announce", false],
];

for (const [url, passkey] of PASSKEYS) {
  test(`the URL data ${JSON.stringify(url.slice(0, 40))} carries ${passkey}`, () => {
    assert.equal(passkeyOf(urlOption(url)), passkey);
  });
}

test("URL data may come in pieces, between other options", () => {
  const [no, end] = [Buffer.from([1]), Buffer.from([0])];
  const unknown = Buffer.from([9, 3, 0, 2, 1]);
  const pieces = [no, urlOption("/ke"), unknown, no, urlOption("y/announce"), end];
  // What follows the end of the options is none.
  assert.equal(passkeyOf(Buffer.concat([...pieces, Buffer.from([2, 200])])), "key");
});

test("an option that is cut short is malformed", () => {
  const whole = urlOption("/key/announce");
  for (let length = 1; length < whole.length; length += 1) {
    assert.equal(passkeyOf(whole.subarray(0, length)), "malformed");
  }
});
