import { equal, throws } from "node:assert/strict";
import { test } from "node:test";
import { availableBytes, checkPageCache } from "./page-cache.ts";

test("availableBytes() reads what is available, not what is free", () => {
  equal(availableBytes("MemFree: 10 kB\nMemAvailable:    2048 kB\nCached: 7 kB\n"), 2_097_152);
  throws(() => availableBytes("MemFree: 10 kB\n"), { message: /MemAvailable/ });
});

test("checkPageCache() refuses what no machine has room for, and says what to do", {
  skip: process.platform !== "linux" && "there is no /proc/meminfo",
}, () => {
  throws(() => checkPageCache(1e9), { message: /--size-mb/ });
});
