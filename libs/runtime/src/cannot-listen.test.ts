import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { cannotListen } from "./cannot-listen.ts";

const at = { purpose: "peers", host: "127.0.0.1", port: 80 };

const cases = [
  {
    given: "a port in use",
    cause: failed("EADDRINUSE"),
    code: "port-in-use",
    reason: "the port is in use; stop the other program, choose another port, or 0 for a free one",
  },
  {
    given: "an address of another machine",
    cause: failed("EADDRNOTAVAIL"),
    code: "address-unusable",
    reason: "this machine has no such address",
  },
  {
    given: "a host that has no address",
    cause: failed("ENOTFOUND"),
    code: "address-unusable",
    reason: "this machine has no such address",
  },
  {
    given: "a port that needs rights",
    cause: failed("EACCES"),
    code: "address-unusable",
    reason: "ports below 1024 need more rights; choose a higher one",
  },
  {
    given: "another failure",
    cause: failed("EMFILE"),
    code: "address-unusable",
    reason: "failed: EMFILE",
  },
  { given: "what is no error", cause: "no", code: "address-unusable", reason: "no" },
] as const;

for (const { given, cause, code, reason } of cases) {
  test(`cannotListen() given ${given}`, () => {
    const error = cannotListen(at, cause);
    equal(error.message, `Cannot listen on 127.0.0.1:80 for peers: ${reason}`);
    deepEqual(error.detail, { code, ...at });
    equal(error.cause, cause);
  });
}

test("cannotListen() given an IPv6 address puts it in brackets", () => {
  const { message } = cannotListen({ ...at, host: "::1" }, failed("EACCES"));
  equal(message.slice(0, message.indexOf(" for")), "Cannot listen on [::1]:80");
});

function failed(code: string): Error {
  return Object.assign(new Error(`failed: ${code}`), { code });
}
