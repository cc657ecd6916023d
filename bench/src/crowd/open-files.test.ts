import { equal, throws } from "node:assert/strict";
import { test } from "node:test";
import { checkOpenFiles, openFilesMax } from "./open-files.ts";

const LIMITS = `Limit                     Soft Limit           Hard Limit           Units
Max processes             95951                95951                processes
Max open files            1024                 20000                files
`;

test("openFilesMax() reads the hard limit", () => {
  equal(openFilesMax(LIMITS), 20_000);
  equal(openFilesMax(LIMITS.replace("20000", "unlimited")), Number.POSITIVE_INFINITY);
  throws(() => openFilesMax("Max processes 1 1\n"), { message: /open files/ });
});

test("checkOpenFiles() refuses what no system allows, and says what to do", {
  skip: process.platform !== "linux" && "there is no /proc/self/limits",
}, () => {
  // Linux lets nobody have more than fs.nr_open, which is 2³⁰ at most.
  throws(() => checkOpenFiles(2 ** 31), { message: /hard limit here is \d+: .*prlimit.*--peers/ });
});
