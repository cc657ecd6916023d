import { equal } from "node:assert/strict";
import { test } from "node:test";
import { Passkeys, passkeyHash } from "./passkeys.ts";

const ALICE = "0123456789abcdef0123456789abcdef";
const OTHER = "fedcba9876543210fedcba9876543210";

test("Passkeys.userOf() knows who was admitted, until revoked", () => {
  const passkeys = new Passkeys();
  passkeys.admit("alice", passkeyHash(ALICE));
  equal(passkeys.userOf(ALICE), "alice");
  equal(passkeys.userOf(ALICE), "alice");
  equal(passkeys.userOf(OTHER), null);
  equal(passkeys.userOf(ALICE.toUpperCase()), null);
  equal(passkeys.userOf(""), null);
  passkeys.revoke("alice");
  equal(passkeys.userOf(ALICE), null);
  equal(passkeys.count, 0);
});

test("Passkeys.admit() given a new passkey forgets the one before", () => {
  const passkeys = new Passkeys();
  passkeys.admit("alice", passkeyHash(ALICE));
  equal(passkeys.userOf(ALICE), "alice");
  passkeys.admit("alice", passkeyHash(OTHER));
  equal(passkeys.userOf(ALICE), null);
  equal(passkeys.userOf(OTHER), "alice");
  equal(passkeys.count, 1);
});
