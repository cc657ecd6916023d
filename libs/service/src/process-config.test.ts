import { deepEqual, equal, match } from "node:assert/strict";
import { hostname } from "node:os";
import { test } from "node:test";
import { parseEnv } from "node:util";
import { loadConfig, printConfig } from "@seedfleet/runtime";
import { natsConfig, processConfig, processName } from "./process-config.ts";

const names = [
  { given: "a name of allowed characters", name: "gateway-1_A", then: "gateway-1_A" },
  { given: "a host's full name", name: "node.example.org", then: "node-example-org" },
  { given: "what would be a wildcard of the bus", name: "*.>", then: "---" },
  { given: "spaces and letters of others", name: "Büro 1", then: "B-ro-1" },
  { given: "no character", name: "", then: "unnamed" },
  { given: "a name that is too long", name: "a".repeat(100), then: "a".repeat(64) },
] as const;

for (const { given, name, then } of names) {
  test(`processName() given ${given}`, () => {
    equal(processName(name), then);
  });
}

test("processName() given no name takes the host's", () => {
  equal(processName(null), processName(hostname()));
  match(processName(null), /^[-_a-zA-Z0-9]{1,64}$/);
});

test("processConfig prints defaults that it reads back, and no secret", () => {
  const printed = printConfig(processConfig);
  deepEqual(loadConfig(processConfig, parseEnv(printed)), loadConfig(processConfig, {}));
  match(printed, /^SEEDFLEET_NATS_PASSWORD=$/m);
});

test("natsConfig given several servers takes each", () => {
  const env = { SEEDFLEET_NATS_URL: "nats://a:4222,nats://b:4222" };
  deepEqual(loadConfig(natsConfig, env).servers, ["nats://a:4222", "nats://b:4222"]);
});
