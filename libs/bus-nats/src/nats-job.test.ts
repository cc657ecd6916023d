import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { deliveryOf } from "./nats-job.ts";

const cases = [
  { given: "the reply of nats-server 2.9", reply: "$JS.ACK.QUEUE_q.a.2.71.93.1700000000.5" },
  {
    given: "one with domain and account",
    reply: "$JS.ACK.hub.ABCDEF.QUEUE_q.a.2.71.93.1700000000.5.xyz",
  },
] as const;

for (const { given, reply } of cases) {
  test(`deliveryOf() given ${given}`, () => {
    deepEqual(deliveryOf(reply), { attempt: 2, sequence: 71 });
  });
}
