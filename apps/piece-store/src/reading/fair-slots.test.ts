import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { errorCode } from "@seedfleet/runtime";
import { turn } from "@seedfleet/testkit";
import { FairSlots } from "./fair-slots.ts";

/** Takes slots by key, and tells who has got one. */
class GivenSlots {
  readonly slots: FairSlots;
  readonly got: string[] = [];
  readonly #held = new Map<string, Disposable[]>();

  constructor(config: { atOnceMax: number; eachMax: number; waitingMax: number }) {
    this.slots = new FairSlots(config);
  }

  async take(key: string, signal?: AbortSignal): Promise<void> {
    const slot = await this.slots.take(key, signal);
    this.got.push(key);
    this.#held.set(key, [...(this.#held.get(key) ?? []), slot]);
  }

  async giveBack(key: string): Promise<void> {
    const [slot, ...others] = this.#held.get(key) ?? [];
    this.#held.set(key, others);
    slot?.[Symbol.dispose]();
    await turn();
  }
}

test("FairSlots gives one key no more than its share", async () => {
  const given = new GivenSlots({ atOnceMax: 4, eachMax: 3, waitingMax: 9 });
  for (let take = 0; take < 5; take += 1) void given.take("a");
  await turn();
  deepEqual([given.slots.taken, given.slots.waiting], [3, 2]);
  void given.take("b");
  void given.take("b");
  await turn();
  deepEqual(given.got, ["a", "a", "a", "b"]);
  await given.giveBack("a");
  await given.giveBack("a");
  // The last to get one was the other.
  deepEqual(given.got.slice(4), ["a", "b"]);
  deepEqual([given.slots.taken, given.slots.waiting], [4, 1]);
});

test("FairSlots lets the keys take turns, however many one of them asks for", async () => {
  const given = new GivenSlots({ atOnceMax: 1, eachMax: 1, waitingMax: 99 });
  for (const key of ["a", "a", "a", "a", "b", "c", "b"]) void given.take(key);
  await turn();
  for (let taken = 1; taken < 7; taken += 1) await given.giveBack(given.got.at(-1) ?? "");
  deepEqual(given.got, ["a", "a", "b", "c", "a", "b", "a"]);
});

test("FairSlots refuses more than may wait, and forgets who leaves", async () => {
  const given = new GivenSlots({ atOnceMax: 1, eachMax: 1, waitingMax: 2 });
  await given.take("a");
  const leaving = new AbortController();
  const left = given.take("a", leaving.signal);
  const stays = given.take("b");
  await rejects(given.take("c"), (error) => errorCode(error) === "store-busy");
  leaving.abort(new Error("gone"));
  await rejects(left, { message: "gone" });
  deepEqual([given.slots.taken, given.slots.waiting], [1, 1]);
  await given.giveBack("a");
  await stays;
  await given.giveBack("b");
  deepEqual([given.slots.taken, given.slots.waiting], [0, 0]);
  await rejects(given.take("a", AbortSignal.abort(new Error("gone"))), { message: "gone" });
  equal(given.slots.taken, 0);
});

test("FairSlots takes a slot back once", async () => {
  const given = new GivenSlots({ atOnceMax: 2, eachMax: 2, waitingMax: 0 });
  const slot = await given.slots.take("a");
  await given.take("a");
  slot[Symbol.dispose]();
  slot[Symbol.dispose]();
  equal(given.slots.taken, 1);
});
