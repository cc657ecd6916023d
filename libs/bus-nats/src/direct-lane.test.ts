import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { DirectLane } from "./direct-lane.ts";

/** A lane, and what it wrote; what was written is told when the test says so. */
function givenLane() {
  const lane = new DirectLane();
  const written: string[] = [];
  const tellings: (() => void)[] = [];
  lane.open(
    {
      write: (parts, told) => {
        written.push(Buffer.concat(parts).toString());
        tellings.push(told);
      },
    },
    () => {},
  );
  return { lane, written, tellings };
}

test("publish() writes what one turn publishes at once and in order, after the turn", async () => {
  const { lane, written } = givenLane();
  lane.publish("a.b", Buffer.from("one"), {});
  lane.publish("a.b", Buffer.from("two"), { replyTo: "r", headers: { x: "1" } });
  lane.publish("a.b", Buffer.alloc(0), { headers: {} });
  deepEqual(written, []);
  await Promise.resolve();
  deepEqual(written, [
    "PUB a.b 3\r\none\r\n" +
      "HPUB a.b r 18 21\r\nNATS/1.0\r\nx: 1\r\n\r\ntwo\r\n" +
      "HPUB a.b 12 12\r\nNATS/1.0\r\n\r\n\r\n",
  ]);
});

test("flush() writes at once, and what comes later for itself", async () => {
  const { lane, written } = givenLane();
  lane.publish("a", Buffer.from("1"), {});
  lane.flush();
  deepEqual(written, ["PUB a 1\r\n1\r\n"]);
  lane.publish("b", Buffer.from("2"), {});
  await Promise.resolve();
  deepEqual(written, ["PUB a 1\r\n1\r\n", "PUB b 1\r\n2\r\n"]);
});

test("publish() tells that it was sent when the connection needs the bytes no more", async () => {
  const { lane, tellings } = givenLane();
  let sent = 0;
  const count = (): void => {
    sent += 1;
  };
  lane.publish("a", Buffer.from("1"), { sent: count });
  lane.publish("a", Buffer.from("2"), { sent: count });
  await Promise.resolve();
  equal(sent, 0);
  for (const tell of tellings) tell();
  equal(sent, 2);
});
