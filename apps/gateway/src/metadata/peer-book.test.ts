import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ADDRESSES_MAX, PeerBook, REDIAL_AFTER_MS, REDIAL_AFTER_MS_MAX } from "./peer-book.ts";

const ONE = { host: "10.0.0.1", port: 6881 };
const OTHER = { host: "10.0.0.2", port: 6881 };

test("PeerBook gives each address once, the ones that failed least first", () => {
  const book = new PeerBook();
  deepEqual(book.add([ONE, ONE, OTHER]), [ONE, OTHER]);
  deepEqual(book.add([OTHER]), []);
  const first = book.next(0);
  deepEqual([first?.address, book.next(0)?.address, book.next(0)], [ONE, OTHER, null]);
  book.ended(first?.number ?? -1, false, 0);
  equal(book.hasDue(REDIAL_AFTER_MS - 1), false);
  ok(book.hasDue(REDIAL_AFTER_MS));
  const third = { host: "10.0.0.3", port: 1 };
  book.add([third]);
  deepEqual(book.next(REDIAL_AFTER_MS)?.address, third);
  deepEqual(book.next(REDIAL_AFTER_MS), first);
});

test("PeerBook waits twice as long after each failure, to a bound, and less after some use", () => {
  const book = new PeerBook();
  book.add([ONE]);
  const waits: number[] = [];
  for (let tries = 0; tries < 9; tries += 1) {
    book.ended(book.next(Number.MAX_SAFE_INTEGER)?.number ?? -1, false, 0);
    waits.push(waitOf(book));
  }
  deepEqual(waits.slice(0, 3), [15_000, 30_000, 60_000]);
  equal(waits.at(-1), REDIAL_AFTER_MS_MAX);
  book.ended(book.next(Number.MAX_SAFE_INTEGER)?.number ?? -1, true, 0);
  equal(waitOf(book), REDIAL_AFTER_MS);
  book.forgetFailures();
  equal(book.next(0)?.address.host, ONE.host);
});

test("PeerBook never gives an address that was banned, whenever it comes again", () => {
  const book = new PeerBook();
  book.add([ONE]);
  const number = book.next(0)?.number ?? -1;
  book.ban(number);
  book.ended(number, false, 0);
  deepEqual(book.add([ONE]), []);
  deepEqual([book.next(Number.MAX_SAFE_INTEGER), book.size], [null, 0]);
});

test("PeerBook given too many addresses keeps those that did not fail", () => {
  const book = new PeerBook();
  const many = Array.from({ length: ADDRESSES_MAX }, (_, port) => ({ host: "10.0.0.9", port }));
  equal(book.add(many).length, ADDRESSES_MAX);
  deepEqual(book.add([ONE]), []);
  book.ended(book.next(0)?.number ?? -1, false, 0);
  deepEqual(book.add([ONE, OTHER]), [ONE]);
  equal(book.size, ADDRESSES_MAX);
});

test("PeerBook is never larger than its bound, and never gives a busy address", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("add"), port: fc.nat(1_200) }),
    fc.record({ kind: fc.constantFrom("next", "fail", "use", "ban"), port: fc.constant(0) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const book = new PeerBook();
      const busy: number[] = [];
      for (const [nowMs, { kind, port }] of steps.entries()) {
        if (kind === "add") book.add([{ host: "10.0.0.1", port }]);
        if (kind === "next") {
          const known = book.next(nowMs * 10_000);
          ok(known === null || !busy.includes(known.number));
          if (known !== null) busy.push(known.number);
        }
        if (kind === "fail") book.ended(busy.shift() ?? -1, false, nowMs * 10_000);
        if (kind === "use") book.ended(busy.shift() ?? -1, true, nowMs * 10_000);
        if (kind === "ban") book.ban(busy.shift() ?? -1);
        ok(book.size <= ADDRESSES_MAX);
      }
    }),
  );
});

/** When the only address is due, to the second. */
function waitOf(book: PeerBook): number {
  let waitMs = 0;
  while (!book.hasDue(waitMs)) waitMs += 1_000;
  return waitMs;
}
