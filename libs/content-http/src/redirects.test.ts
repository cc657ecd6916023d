import { equal, throws } from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "@seedfleet/testkit";
import { REDIRECT_MS_MAX, REDIRECTS_KEPT_MAX } from "./http-limits.ts";
import { RedirectsKept, redirectTarget } from "./redirects.ts";

const FROM = new URL("https://example.org/pub/a");
const allowed = ({ hostname }: URL): boolean => hostname.endsWith("example.org");

const followed = [
  ["b#part", "https://example.org/pub/b"],
  ["//mirror.example.org/a?sig=1", "https://mirror.example.org/a?sig=1"],
] as const;

for (const [given, then] of followed) {
  test(`redirectTarget() given ${given}`, () => {
    equal(redirectTarget(FROM, given, allowed).href, then);
  });
}

const refused = [
  { given: undefined, reason: /without saying where to/ },
  { given: "http://[", reason: /without saying where to/ },
  { given: "http://example.org/a", reason: /from https to http \(http:\/\/example.org\/a\)/ },
  { given: "file:///etc/passwd", reason: /to a file: URL/ },
  { given: "https://169.254.169.254/latest?token=s", reason: /latest\?…, which is not allowed/ },
  { given: "https://me:pw@example.org/a", reason: /user name or password/ },
  { given: "/pub/..%2fhidden", reason: /leads upwards/ },
] as const;

for (const { given, reason } of refused) {
  test(`redirectTarget() given ${given} does not follow it`, () => {
    throws(
      () => redirectTarget(FROM, given, allowed),
      (error: Error & { detail: { code: string } }) => {
        equal(error.detail.code, "content-unreadable");
        return reason.test(error.message);
      },
    );
  });
}

test("redirectTarget() goes from http to https, and from http to http", () => {
  const from = new URL("http://example.org/a");
  equal(redirectTarget(from, "https://example.org/a", allowed).protocol, "https:");
  equal(redirectTarget(from, "/b", allowed).href, "http://example.org/b");
});

test("RedirectsKept forgets after a while", () => {
  const clock = new VirtualClock();
  const kept = new RedirectsKept(clock);
  const to = new URL("https://mirror.example.org/a");
  kept.keep(FROM, to);
  clock.advance(REDIRECT_MS_MAX - 1);
  equal(kept.find(FROM), to);
  clock.advance(1);
  equal(kept.find(FROM), null);
});

test("RedirectsKept keeps so many and forgets the oldest", () => {
  const kept = new RedirectsKept(new VirtualClock());
  const urls = Array.from(
    { length: REDIRECTS_KEPT_MAX + 1 },
    (_, index) => new URL(`https://example.org/${index}`),
  );
  for (const url of urls) kept.keep(url, url);
  equal(urls.filter((url) => kept.find(url) === null).join(), "https://example.org/0");
});
