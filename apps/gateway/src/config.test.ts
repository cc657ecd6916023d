import { deepEqual, equal, throws } from "node:assert/strict";
import { test } from "node:test";
import { parseEnv } from "node:util";
import { loadConfig, printConfig } from "@seedfleet/runtime";
import { gatewayConfig } from "./config.ts";

test("gatewayConfig prints defaults that it reads back", () => {
  deepEqual(
    loadConfig(gatewayConfig, parseEnv(printConfig(gatewayConfig))),
    loadConfig(gatewayConfig, {}),
  );
});

const slots = [
  { given: "auto", then: "auto" },
  { given: "1", then: 1 },
  { given: "100000", then: 100_000 },
] as const;

for (const { given, then } of slots) {
  test(`gatewayConfig given ${given} unchoke slots`, () => {
    const env = { SEEDFLEET_GATEWAY_UNCHOKE_SLOTS: given };
    equal(loadConfig(gatewayConfig, env).unchokeSlots, then);
  });
}

for (const given of ["0", "-1", "4.5", "100001", "4e1", "", "many"]) {
  test(`gatewayConfig given "${given}" unchoke slots refuses them`, () => {
    const env = { SEEDFLEET_GATEWAY_UNCHOKE_SLOTS: given };
    throws(() => loadConfig(gatewayConfig, env), /SEEDFLEET_GATEWAY_UNCHOKE_SLOTS/);
  });
}
