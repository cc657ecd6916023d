import { deepEqual, rejects } from "node:assert/strict";
import { test } from "node:test";
import { turn } from "@seedfleet/testkit";
import { KeyedTurns } from "./keyed-turns.ts";

test("KeyedTurns does the work of one key in order, and of others meanwhile", async () => {
  const turns = new KeyedTurns();
  const told: string[] = [];
  const work = (name: string, count: number) => async (): Promise<void> => {
    told.push(`${name} begins`);
    for (let each = 0; each < count; each += 1) await turn();
    told.push(`${name} ends`);
  };
  await Promise.all([
    turns.run("a", work("a1", 3)),
    turns.run("a", work("a2", 1)),
    turns.run("b", work("b1", 1)),
  ]);
  deepEqual(told, ["a1 begins", "b1 begins", "b1 ends", "a1 ends", "a2 begins", "a2 ends"]);
});

test("KeyedTurns goes on after a failure, which only its own caller hears of", async () => {
  const turns = new KeyedTurns();
  const failing = turns.run("a", () => Promise.reject(new Error("no")));
  const next = turns.run("a", async () => "done");
  await rejects(failing, { message: "no" });
  deepEqual(await next, "done");
});
