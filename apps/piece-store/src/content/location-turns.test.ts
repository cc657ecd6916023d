import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { turn } from "@seedfleet/testkit";
import { LocationTurns } from "./location-turns.ts";

/** Turns whose beginnings and ends are written down; each lasts until it is told to end. */
class GivenTurns {
  readonly told: string[] = [];
  readonly #turns = new LocationTurns();
  readonly #ends = new Map<string, () => void>();

  begin(kind: "read" | "write", location: string, name: string): Promise<void> {
    return this.#turns[kind](location, async () => {
      this.told.push(`${name} begins`);
      await new Promise<void>((resolve) => this.#ends.set(name, resolve));
      this.told.push(`${name} ends`);
    });
  }

  async end(name: string): Promise<void> {
    this.#ends.get(name)?.();
    await turn();
  }
}

test("LocationTurns lets readers read together, and a writer alone", async () => {
  const given = new GivenTurns();
  const all = [
    given.begin("read", "/a", "one"),
    given.begin("read", "/a", "two"),
    given.begin("write", "/a", "writer"),
    given.begin("read", "/a", "late"),
    given.begin("write", "/a", "other"),
  ];
  await turn();
  for (const name of ["one", "two", "writer", "late", "other"]) await given.end(name);
  await given.end("late");
  await given.end("other");
  await Promise.all(all);
  const [first, second, ...rest] = given.told;
  deepEqual([first, second], ["one begins", "two begins"]);
  deepEqual(rest.slice(0, 4), ["one ends", "two ends", "writer begins", "writer ends"]);
  const at = (line: string): number => given.told.indexOf(line);
  const apart = at("late ends") < at("other begins") || at("other ends") < at("late begins");
  deepEqual([apart, given.told.length], [true, 10]);
});

for (const { given: situation, other, waits } of [
  { given: "a file in it", other: "/a/b", waits: true },
  { given: "the directory above", other: "/", waits: true },
  { given: "one whose name begins alike", other: "/ab", waits: false },
  { given: "one beside it", other: "/b", waits: false },
]) {
  test(`LocationTurns given ${situation} ${waits ? "waits" : "does not wait"}`, async () => {
    const given = new GivenTurns();
    const writing = given.begin("write", "/a", "writer");
    const reading = given.begin("read", other, "reader");
    await turn();
    deepEqual(given.told.includes("reader begins"), !waits);
    await given.end("writer");
    await given.end("reader");
    await Promise.all([writing, reading]);
  });
}

test("LocationTurns goes on after a turn that failed", async () => {
  const turns = new LocationTurns();
  const fail = (): Promise<never> => Promise.reject(new Error("no"));
  await turns.write("/a", fail).catch(() => {});
  await turns.read("/a", fail).catch(() => {});
  deepEqual(await turns.write("/a", async () => "written"), "written");
  deepEqual(await turns.read("/a", async () => "read"), "read");
});
