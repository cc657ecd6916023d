import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { test } from "node:test";
import {
  cpuSeconds,
  diskReadBytes,
  parseIo,
  parseMachineStat,
  parseStat,
  parseStatus,
  residentBytes,
} from "./process-usage.ts";

const STAT_TAIL = "S 1 42 42 0 -1 4194304 900 0 0 0 1234 567 8 9 20 0 11 0 100 200 300\n";

const cases = [
  { given: "a plain name", stat: `42 (node) ${STAT_TAIL}` },
  { given: "a name with a space and a parenthesis", stat: `42 (no) de) 1 2) ${STAT_TAIL}` },
] as const;

for (const { given, stat } of cases) {
  test(`parseStat() given ${given}`, () => {
    deepEqual(parseStat(stat), { user: 12.34, system: 5.67 });
  });
}

test("parseStat() refuses what is no stat file", () => {
  throws(() => parseStat("42 (node) S 1 2"), { message: /CPU time/ });
});

test("parseStatus() reads both sizes", () => {
  const status = "Name:\tnode\nVmHWM:\t 9 kB\nVmRSS:\t    2048 kB\nRssAnon:\t    1024 kB\n";
  deepEqual(parseStatus(status), { total: 2_097_152, anonymous: 1_048_576 });
  throws(() => parseStatus("Name:\tnode\n"), { message: /VmRSS/ });
});

test("parseMachineStat() adds up what was not idle, of all cores", () => {
  const stat = "cpu  100 20 300 99999 88888 4 50 600 7 8\ncpu0 1 1 1 1 1 1 1 1 1 1\nintr 1\n";
  equal(parseMachineStat(stat), 10.74);
});

test("parseIo() reads what came from disks, not what was read", () => {
  equal(parseIo("rchar: 9000\nsyscr: 5\nread_bytes: 4096\nwrite_bytes: 7\n"), 4_096);
  throws(() => parseIo("rchar: 9000\n"), { message: /read_bytes/ });
});

test("this process has used what it can read", { skip: process.platform !== "linux" }, () => {
  const { user, system } = cpuSeconds(process.pid);
  ok(user + system > 0);
  ok(residentBytes(process.pid).total > 0);
  ok(diskReadBytes(process.pid) >= 0);
});
