import { equal } from "node:assert/strict";
import { test } from "node:test";
import { passkeyOf, routeOf } from "./route.ts";

const KEY = "0123456789abcdef".repeat(2);

const paths = [
  ["/announce", "announce", null],
  ["/scrape", "scrape", null],
  [`/${KEY}/announce`, "announce", KEY],
  [`/${KEY}/scrape`, "scrape", KEY],
  ["/x/announce", "passkey-broken", null],
  [`/${KEY}0/announce`, "passkey-broken", null],
  [`/${KEY.toUpperCase()}/announce`, "passkey-broken", null],
  ["//announce", "passkey-broken", null],
  [`/${KEY}/x/announce`, null, null],
  [`/announce/${KEY}`, null, null],
  ["/announce/", null, null],
  ["/announces", null, null],
  ["/Announce", null, null],
  ["/", null, null],
  ["announce", null, null],
] as const;

for (const [path, route, passkey] of paths) {
  test(`routeOf() given ${path} is ${route}`, () => {
    const bytes = Buffer.from(`before${path}?after`);
    const span = { bytes, pathFrom: 6, pathTo: 6 + path.length };
    equal(routeOf(span), route);
    if (route === "announce" || route === "scrape") equal(passkeyOf(span), passkey);
  });
}
