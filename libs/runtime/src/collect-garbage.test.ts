import { equal } from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { collectGarbage } from "./collect-garbage.ts";

test("collectGarbage() leaves nothing that nobody has", async () => {
  const kept = { any: "thing" };
  const [garbage, other] = [new WeakRef({ any: "thing" }), new WeakRef(kept)];
  // Within the turn that made it a reference keeps what it refers to.
  await turn();
  collectGarbage();
  equal(garbage.deref(), undefined);
  equal(other.deref(), kept);
});
