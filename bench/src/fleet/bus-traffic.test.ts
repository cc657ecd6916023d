import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { trafficIn, trafficSince } from "./bus-traffic.ts";

const before = trafficIn({
  connections: [
    { name: "gateway-bench", in_msgs: 10, out_msgs: 20 },
    { name: "gone", in_msgs: 5, out_msgs: 5 },
  ],
});
const after = trafficIn({
  connections: [
    { name: "gateway-bench", in_msgs: 13, out_msgs: 27 },
    { name: "new", in_msgs: 1, out_msgs: 2 },
  ],
});

test("trafficSince() is what came, of old and of new connections", () => {
  const since = trafficSince(before, after);
  deepEqual(
    [...since],
    [
      ["gateway-bench", { published: 3, delivered: 7 }],
      ["new", { published: 1, delivered: 2 }],
    ],
  );
});

test("trafficIn() counts connections of one name together", () => {
  const connections = [
    { name: "gateway-bench", in_msgs: 1, out_msgs: 2 },
    { name: "gateway-bench", in_msgs: 3, out_msgs: 4 },
    { in_msgs: 5, out_msgs: 6 },
  ];
  deepEqual(
    [...trafficIn({ connections })],
    [
      ["gateway-bench", { published: 4, delivered: 6 }],
      ["", { published: 5, delivered: 6 }],
    ],
  );
});
