import { equal, throws } from "node:assert/strict";
import { test } from "node:test";
import { parseChildrenCpu } from "./children-cpu.ts";
import { parseSpeed } from "./hashers.ts";

test("parseSpeed() reads the last line of openssl speed", () => {
  equal(parseSpeed("Got: +R\nevp 16384 bytes\nsha1        3756900.35k\n"), 3_756_900_350);
  throws(() => parseSpeed("no digest\n"), { message: /no digest/ });
});

test("parseChildrenCpu() adds up what ended children used", () => {
  const stat = "42 (no) de) S 1 42 42 0 -1 4194304 900 0 0 0 1234 567 800 90 20 0 11 0 100 200\n";
  equal(parseChildrenCpu(stat), 8.9);
  throws(() => parseChildrenCpu("42 (node) S 1 2"), { message: /children/ });
});
