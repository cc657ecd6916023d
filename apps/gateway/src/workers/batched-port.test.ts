import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { turn } from "@seedfleet/testkit";
import { BatchedPort } from "./batched-port.ts";

test("BatchedPort sends what was said in one turn as one, in order", async () => {
  const sent: (readonly number[])[] = [];
  const port = new BatchedPort<number>({ postMessage: (messages) => sent.push(messages) });
  for (const each of [1, 2, 3]) port.post(each);
  deepEqual(sent, []);
  await turn();
  deepEqual(sent, [[1, 2, 3]]);
  port.post(4);
  await turn();
  await turn();
  deepEqual(sent, [[1, 2, 3], [4]]);
});

test("BatchedPort sends at once when it is told to, and nothing twice", async () => {
  const sent: (readonly number[])[] = [];
  const port = new BatchedPort<number>({ postMessage: (messages) => sent.push(messages) });
  port.post(1);
  port.flush();
  port.flush();
  port.post(2);
  await turn();
  await turn();
  deepEqual(sent, [[1], [2]]);
});

test("BatchedPort moves memory once, with the message that it belongs to", () => {
  const moved: (readonly ArrayBuffer[])[] = [];
  const port = new BatchedPort<number>({ postMessage: (_, memory) => moved.push(memory) });
  const [one, two] = [new ArrayBuffer(1), new ArrayBuffer(2)];
  port.post(1, one);
  port.post(2);
  port.post(3, two);
  port.flush();
  port.post(4);
  port.flush();
  deepEqual(moved, [[one, two], []]);
});

test("BatchedPort takes what is said while it sends with the next", async () => {
  const sent: (readonly number[])[] = [];
  const port: BatchedPort<number> = new BatchedPort({
    postMessage(messages) {
      sent.push(messages);
      if (messages.includes(1)) port.post(2);
    },
  });
  port.post(1);
  port.flush();
  await turn();
  await turn();
  deepEqual(sent, [[1], [2]]);
});
