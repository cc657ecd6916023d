import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { compactEndpoints } from "./compact-endpoints.ts";
import { endpointHost, endpointPort } from "./endpoint.ts";

const cases = [
  { given: "null", list: null, family: "ipv4", then: [] },
  {
    given: "two",
    list: "7f00000100010a00000200ff",
    family: "ipv4",
    then: ["0 127.0.0.1 1", "1 10.0.0.2 255"],
  },
  {
    given: "port 0 between",
    list: "7f0000010000c00002010001",
    family: "ipv4",
    then: ["1 192.0.2.1 1"],
  },
  { given: "bytes left over", list: "7f000001", family: "ipv4", then: [] },
  {
    given: "IPv6",
    list: "20010db80000000000000000000000011ae1",
    family: "ipv6",
    then: ["0 2001:db8:0:0:0:0:0:1 6881"],
  },
] as const;

for (const { given, list, family, then } of cases) {
  test(`compactEndpoints() given ${given}`, () => {
    const bytes = list === null ? null : Buffer.from(list, "hex");
    const found = [...compactEndpoints(bytes, family)].map(
      ({ endpoint, index }) => `${index} ${endpointHost(endpoint)} ${endpointPort(endpoint)}`,
    );
    deepEqual(found, then);
  });
}
