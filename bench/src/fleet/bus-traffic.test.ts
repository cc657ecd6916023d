import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { totalTraffic, trafficIn, trafficSince } from "./bus-traffic.ts";

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
  deepEqual(totalTraffic(since.values()), { published: 4, delivered: 9 });
});
