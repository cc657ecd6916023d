import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import type { HostPort } from "@seedfleet/contracts";
import fc from "fast-check";
import { ADDRESSES_MAX, PeerBook, REDIAL_AFTER_MS, REDIAL_AFTER_MS_MAX } from "./peer-book.ts";

const ONE = { host: "10.0.0.1", port: 6881 };
const OTHER = { host: "10.0.0.2", port: 6881 };
const OURS = { host: "192.0.2.1", port: 6881 };

const CONNECTIONS_MAX = 12;
const DIALS_MAX = 4;
const DAY_MS = 86_400_000;

function given(): PeerBook {
  const isOurs = ({ host, port }: HostPort): boolean => host === OURS.host && port === OURS.port;
  return new PeerBook({ connectionsMax: CONNECTIONS_MAX, dialsMax: DIALS_MAX, isOurs });
}

function addresses(count: number): readonly HostPort[] {
  return Array.from({ length: count }, (_, at) => ({ host: "198.51.100.7", port: 1_000 + at }));
}

test("PeerBook gives each address once, the ones that failed least first", () => {
  const book = given();
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

test("PeerBook takes neither addresses of ours nor one without a port", () => {
  const book = given();
  deepEqual(book.add([OURS, { ...ONE, port: 0 }, { ...OURS, port: 1 }]), [{ ...OURS, port: 1 }]);
});

test("PeerBook waits twice as long after each failure, to a bound, and less after some use", () => {
  const book = given();
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

test("PeerBook waits longer each time for one that lets us in and gives nothing", () => {
  const book = given();
  book.add([ONE]);
  let dials = 0;
  for (let nowMs = 0; nowMs < DAY_MS; nowMs += 1_000) {
    const known = book.next(nowMs);
    if (known === null) continue;
    dials += 1;
    book.connected(known.number);
    book.ended(known.number, false, nowMs);
  }
  const perDay = DAY_MS / REDIAL_AFTER_MS_MAX;
  ok(dials < perDay + 10, `${dials} dials in a day`);
});

test("PeerBook dials few at once, and has room for so many connections", () => {
  const book = given();
  book.add(addresses(100));
  const connected: number[] = [];
  for (let round = 0; round < 10; round += 1) {
    const dialled = dialAll(book, 0);
    ok(dialled.length <= DIALS_MAX);
    for (const number of dialled) book.connected(number);
    connected.push(...dialled);
  }
  deepEqual([connected.length, book.busy], [CONNECTIONS_MAX, CONNECTIONS_MAX]);
  deepEqual([book.isFull, book.wantsMore], [true, false]);
  book.ended(connected[0] ?? -1, true, 0);
  deepEqual([book.isFull, book.wantsMore], [false, true]);
  equal(dialAll(book, 0).length, 1);
});

test("PeerBook never gives an address that was banned, whenever it comes again", () => {
  const book = given();
  book.add([ONE]);
  const number = book.next(0)?.number ?? -1;
  book.ban(number);
  deepEqual([book.size, book.busy], [0, 1]);
  book.ended(number, false, 0);
  deepEqual(book.add([ONE]), []);
  deepEqual([book.next(Number.MAX_SAFE_INTEGER), book.size, book.busy], [null, 0, 0]);
});

test("PeerBook given too many addresses keeps those that did not fail", () => {
  const book = given();
  equal(book.add(addresses(ADDRESSES_MAX)).length, ADDRESSES_MAX);
  deepEqual(book.add([ONE]), []);
  equal(book.wantsMore, false);
  book.ended(book.next(0)?.number ?? -1, false, 0);
  deepEqual(book.add([ONE, OTHER]), [ONE]);
  equal(book.size, ADDRESSES_MAX);
});

test("PeerBook has no more under way than it may, gives nobody twice, and loses no place", () => {
  const anyStep = fc.record({
    kind: fc.constantFrom("add", "next", "connected", "fail", "use", "ban"),
    at: fc.nat(40),
  });
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 300 }), (steps) => {
      const book = given();
      const dialling: number[] = [];
      const connected: number[] = [];
      for (const [step, { kind, at }] of steps.entries()) {
        const nowMs = step * 10_000;
        const list = at % 2 === 0 ? dialling : connected;
        const number = list[at % Math.max(1, list.length)] ?? -1;
        if (kind === "add") book.add(addresses(at));
        else if (kind === "next") {
          const known = book.next(nowMs);
          if (known === null) continue;
          ok(![...dialling, ...connected].includes(known.number));
          dialling.push(known.number);
        } else if (kind === "connected" && list === dialling && number >= 0) {
          book.connected(number);
          connected.push(...dialling.splice(dialling.indexOf(number), 1));
        } else if (kind === "ban") book.ban(number);
        else if (kind !== "connected" && number >= 0) {
          book.ended(number, kind === "use", nowMs);
          list.splice(list.indexOf(number), 1);
        }
        ok(dialling.length <= DIALS_MAX);
        equal(book.busy, dialling.length + connected.length);
        ok(book.busy <= CONNECTIONS_MAX);
      }
      for (const number of [...dialling, ...connected]) book.ended(number, false, 0);
      book.add(addresses(1_000));
      equal(dialAll(book, DAY_MS).length, DIALS_MAX);
    }),
    { numRuns: 100 },
  );
});

function dialAll(book: PeerBook, nowMs: number): readonly number[] {
  const numbers: number[] = [];
  for (let known = book.next(nowMs); known !== null; known = book.next(nowMs)) {
    numbers.push(known.number);
  }
  return numbers;
}

/** When the only address is due, to the second. */
function waitOf(book: PeerBook): number {
  let waitMs = 0;
  while (!book.hasDue(waitMs)) waitMs += 1_000;
  return waitMs;
}
