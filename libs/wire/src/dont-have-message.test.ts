import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { decodeDontHaveMessage, encodeDontHaveMessage } from "./dont-have-message.ts";

test("encodeDontHaveMessage() is four bytes, and comes back", () => {
  const payload = encodeDontHaveMessage(0xfffe_0102);
  equal(payload.toHex(), "fffe0102");
  deepEqual(decodeDontHaveMessage(payload), { kind: "dont-have", piece: 0xfffe_0102 });
});

for (const length of [0, 3, 5]) {
  test(`decodeDontHaveMessage() given ${length} bytes`, () => {
    deepEqual(decodeDontHaveMessage(new Uint8Array(length)), {
      kind: "violation",
      code: "dont-have-message-invalid",
      length,
    });
  });
}
