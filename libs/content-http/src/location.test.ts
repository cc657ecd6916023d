import { equal, throws } from "node:assert/strict";
import { test } from "node:test";
import { errorCode } from "@seedfleet/runtime";
import { fileUrl, nameOf, parseLocation, shown } from "./location.ts";

const canonical = [
  ["HTTP://Example.ORG:80/a b/../c.iso#part", "http://example.org/c.iso"],
  ["https://example.org:443", "https://example.org/"],
  ["https://example.org/a?", "https://example.org/a"],
  ["https://example.org/a?token=1#x", "https://example.org/a?token=1"],
  ["https://bücher.example/%61", "https://xn--bcher-kva.example/%61"],
  ["http://[::1]:8080/a..b/...", "http://[::1]:8080/a..b/..."],
] as const;

for (const [given, then] of canonical) {
  test(`parseLocation() given ${given}`, () => equal(parseLocation(given).href, then));
}

const refused = [
  { given: "/srv/debian", code: "content-missing", path: "/srv/debian" },
  { given: "ftp://example.org/a", code: "content-missing", path: "ftp://example.org/a" },
  { given: "http://", code: "content-missing", path: "http://" },
  {
    given: "http://me:secret@exa mple.org/a?token=secret",
    code: "content-missing",
    path: "http://…@exa mple.org/a?…",
  },
  {
    given: "https://me:secret@example.org/a?token=secret",
    code: "content-unreadable",
    path: "https://example.org/a?…",
  },
  {
    given: "https://secret@example.org/a",
    code: "content-unreadable",
    path: "https://example.org/a",
  },
  {
    given: "https://example.org/pub/..%2Fhidden/a",
    code: "content-unreadable",
    path: "https://example.org/pub/..%2Fhidden/a",
  },
  {
    given: "https://example.org/pub/%2e%2E%5chidden",
    code: "content-unreadable",
    path: "https://example.org/pub/%2e%2E%5chidden",
  },
] as const;

for (const { given, code, path } of refused) {
  test(`parseLocation() given ${given} rejects with ${code} and tells no secret`, () => {
    throws(
      () => parseLocation(given),
      (error: Error & { detail: { code: string; path: string } }) => {
        equal(error.detail.code, code);
        equal(error.detail.path, path);
        equal(JSON.stringify([error.message, error.detail]).includes("secret"), false);
        return true;
      },
    );
  });
}

test("shown() only says that there is a query", () => {
  equal(shown(new URL("https://example.org/a%20b?token=1")), "https://example.org/a%20b?…");
});

const names = [
  ["https://example.org/a/caf%C3%A9%201.iso?x=y", "café 1.iso"],
  ["https://example.org/a/b/", "b"],
  ["https://example.org/100%", "100%"],
  ["https://example.org/", "example.org"],
] as const;

for (const [given, then] of names) {
  test(`nameOf() given ${given}`, () => equal(nameOf(new URL(given)), then));
}

for (const name of ["a%2Fb", "a%5Cb", "a%00", "a%0A", "%7F"]) {
  test(`nameOf() given ${name} rejects with content-unreadable`, () => {
    const url = new URL(`https://example.org/${name}`);
    throws(() => nameOf(url), isUnreadable);
  });
}

test("nameOf() given bytes that are no UTF-8 names the directory and the bytes", () => {
  throws(() => nameOf(new URL("https://example.org/a/caf%E9")), {
    detail: {
      code: "content-name-not-utf8",
      path: "https://example.org/a/",
      nameHex: "636166e9",
    },
  });
});

const files = [
  ["https://example.org/pub/", ["a"], "https://example.org/pub/a"],
  ["https://example.org/pub", ["a", "b c"], "https://example.org/pub/a/b%20c"],
  ["https://example.org/", ["a?b#c%2e"], "https://example.org/a%3Fb%23c%252e"],
  ["https://example.org/pub/?sig=1", ["é"], "https://example.org/pub/%C3%A9?sig=1"],
] as const;

for (const [base, path, then] of files) {
  test(`fileUrl() given ${base} and ${path.join("/")}`, () => {
    equal(fileUrl(new URL(base), path).href, then);
  });
}

for (const element of ["", ".", "..", "a/b", "..\\a", "a\0", "\ud800"]) {
  test(`fileUrl() given ${JSON.stringify(element)} as an element refuses it`, () => {
    throws(() => fileUrl(new URL("https://example.org/pub/"), ["a", element]), isUnreadable);
  });
}

function isUnreadable(error: unknown): boolean {
  return errorCode(error) === "content-unreadable";
}
