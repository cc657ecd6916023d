import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  CLIENT_NAME_LENGTH_MAX,
  decodeExtensionHandshake,
  EXTENSION_HANDSHAKE_BYTES_MAX,
  type ExtensionHandshake,
  encodeExtensionHandshake,
} from "./extension-handshake.ts";
import { anyExtensionHandshake, givenBytes } from "./testing.ts";

const SILENT: ExtensionHandshake = {
  messageIds: { metadata: null, pex: null, dontHave: null },
  metadataSizeBytes: null,
  requestsQueuedMax: null,
  client: null,
  yourIp: null,
  listenPort: null,
  uploadOnly: null,
};

const ids = SILENT.messageIds;

const cases: readonly {
  readonly given: string;
  readonly text: string;
  readonly then: Partial<ExtensionHandshake>;
}[] = [
  { given: "nothing", text: "de", then: {} },
  {
    given: "the handshake of a seed",
    text:
      "d1:md11:lt_donthavei7e11:ut_metadatai2e6:ut_pexi1ee13:metadata_sizei31235e" +
      "4:reqqi500e11:upload_onlyi1e1:v9:Client 1.6:yourip4:\x7f\0\0\x01e",
    then: {
      messageIds: { metadata: 2, pex: 1, dontHave: 7 },
      metadataSizeBytes: 31_235,
      requestsQueuedMax: 500,
      client: "Client 1.",
      yourIp: "127.0.0.1",
      uploadOnly: true,
    },
  },
  {
    given: "the example of BEP 10, its extensions unknown",
    text: "d1:md11:LT_metadatai1e7:\xc2\xb5T_PEXi2ee1:pi6881e1:v13:\xc2\xb5Torrent 1.2e",
    then: { listenPort: 6881, client: "\u{b5}Torrent 1.2" },
  },
  {
    given: "an extension that is switched off",
    text: "d1:md6:ut_pexi0eee",
    then: { messageIds: { ...ids, pex: 0 } },
  },
  { given: "an id of nine bits", text: "d1:md6:ut_pexi256eee", then: {} },
  { given: "a negative id", text: "d1:md6:ut_pexi-1eee", then: {} },
  { given: "an id that is text", text: "d1:md6:ut_pex1:1ee", then: {} },
  { given: "a list of extensions", text: "d1:ml6:ut_pexee", then: {} },
  { given: "a size of nothing", text: "d13:metadata_sizei0ee", then: {} },
  { given: "a queue of nothing", text: "d4:reqqi0ee", then: {} },
  { given: "a port that is none", text: "d1:pi65536ee", then: {} },
  { given: "port 0", text: "d1:pi0ee", then: {} },
  { given: "a name that is a number", text: "d1:vi1ee", then: {} },
  { given: "a name without a letter", text: "d1:v0:e", then: {} },
  {
    given: "a name with an escape sequence",
    text: "d1:v6:\x1b[31mAe",
    then: { client: "\u{fffd}[31mA" },
  },
  { given: "a name that is no UTF-8", text: "d1:v2:a\xffe", then: { client: "a\u{fffd}" } },
  {
    given: "an IPv6 address",
    text: `d6:yourip16:\x20\x01${"\0".repeat(13)}\x01e`,
    then: { yourIp: "2001:0:0:0:0:0:0:1" },
  },
  {
    given: "an IPv4-mapped address",
    text: `d6:yourip16:${"\0".repeat(10)}\xff\xff\x01\x02\x03\x04e`,
    then: { yourIp: "1.2.3.4" },
  },
  { given: "an address of five bytes", text: "d6:yourip5:abcdee", then: {} },
  { given: "a peer that downloads", text: "d11:upload_onlyi0ee", then: { uploadOnly: false } },
  {
    given: "keys out of order",
    text: "d1:pi1e4:reqqi2e1:m0:e",
    then: { listenPort: 1, requestsQueuedMax: 2 },
  },
  { given: "bytes after the dictionary", text: "d1:pi1eegarbage", then: { listenPort: 1 } },
];

for (const { given, text, then } of cases) {
  test(`decodeExtensionHandshake() given ${given}`, () => {
    deepEqual(decodeExtensionHandshake(givenBytes(text)), { ...SILENT, ...then });
  });
}

const refused = [
  { given: "nothing at all", text: "" },
  { given: "no bencoding", text: "hello" },
  { given: "a list", text: "le" },
  { given: "a dictionary cut short", text: "d1:pi1e" },
  { given: "lists nested deep", text: `d1:m${"l".repeat(20)}${"e".repeat(20)}e` },
  { given: "very many values", text: `d1:ml${"0:".repeat(1_000)}ee` },
  { given: "too many bytes", text: `d1:v${EXTENSION_HANDSHAKE_BYTES_MAX}:${"a".repeat(8_192)}e` },
];

for (const { given, text } of refused) {
  test(`decodeExtensionHandshake() given ${given}`, () => {
    deepEqual(decodeExtensionHandshake(givenBytes(text)), {
      kind: "violation",
      code: "extension-handshake-invalid",
      length: text.length,
    });
  });
}

test("decodeExtensionHandshake() cuts a long name between characters", () => {
  const name = `${"a".repeat(CLIENT_NAME_LENGTH_MAX - 1)}\u{1f3ac}`;
  const decoded = decodeExtensionHandshake(encodeExtensionHandshake({ ...SILENT, client: name }));
  ok(!("kind" in decoded) && decoded.client !== null);
  equal(decoded.client.length, CLIENT_NAME_LENGTH_MAX);
  ok(decoded.client.isWellFormed());
});

test("encodeExtensionHandshake() sorts its keys and leaves out what is null", () => {
  const payload = encodeExtensionHandshake({
    messageIds: { metadata: 3, pex: 0, dontHave: null },
    metadataSizeBytes: 9,
    requestsQueuedMax: 2_048,
    client: "Seedfleet 1",
    yourIp: "::ffff:10.0.0.1",
    listenPort: 6881,
    uploadOnly: true,
  });
  equal(
    Buffer.from(payload).toString("latin1"),
    "d1:md11:ut_metadatai3e6:ut_pexi0ee13:metadata_sizei9e1:pi6881e4:reqqi2048e" +
      "11:upload_onlyi1e1:v11:Seedfleet 16:yourip4:\n\0\0\x01e",
  );
});

test("decodeExtensionHandshake() gives back what encodeExtensionHandshake() took", () => {
  fc.assert(
    fc.property(anyExtensionHandshake, (handshake) => {
      deepEqual(decodeExtensionHandshake(encodeExtensionHandshake(handshake)), handshake);
    }),
  );
});

test("decodeExtensionHandshake() never throws", () => {
  const anyText = fc.array(fc.constantFrom("d", "e", "l", "i1e", "1:m", "1:v", "1:p", "6:yourip"));
  fc.assert(
    fc.property(
      fc.oneof(
        anyText.map((parts) => givenBytes(parts.join(""))),
        fc.uint8Array(),
      ),
      (bytes) => {
        decodeExtensionHandshake(bytes);
      },
    ),
    { numRuns: 1_000 },
  );
});
