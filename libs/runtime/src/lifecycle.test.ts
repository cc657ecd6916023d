import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { type ShutdownSignal, shutdownRequest } from "./lifecycle.ts";

type Sent = { readonly atMs: number; readonly signal: ShutdownSignal };

const cases: readonly {
  readonly given: string;
  readonly sent: readonly Sent[];
  readonly then: readonly (ShutdownSignal | number)[];
}[] = [
  {
    given: "one signal requests a shutdown",
    sent: [{ atMs: 5, signal: "SIGTERM" }],
    then: ["SIGTERM"],
  },
  {
    given: "a Ctrl-C that npm sends on requests it once",
    sent: [
      { atMs: 5, signal: "SIGINT" },
      { atMs: 6, signal: "SIGINT" },
      { atMs: 1_004, signal: "SIGTERM" },
    ],
    then: ["SIGINT"],
  },
  {
    given: "a signal a second later ends the process at once",
    sent: [
      { atMs: 5, signal: "SIGINT" },
      { atMs: 6, signal: "SIGINT" },
      { atMs: 1_005, signal: "SIGINT" },
    ],
    then: ["SIGINT", 130],
  },
];

for (const { given, sent, then } of cases) {
  test(`shutdownRequest() given ${given}`, () => {
    const done: (ShutdownSignal | number)[] = [];
    let nowMs = 0;
    const ports = { nowMs: () => nowMs, exit: (code: number) => void done.push(code) };
    const request = shutdownRequest(ports, (signal) => done.push(signal));
    for (const { atMs, signal } of sent) {
      nowMs = atMs;
      request(signal);
    }
    deepEqual(done, then);
  });
}
