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

const promises = [
  { given: "rare=0.05,archive=.1", then: { rare: 0.05, archive: 0.1 } },
  { given: "", then: {} },
] as const;

for (const { given, then } of promises) {
  test(`gatewayConfig given the upload promises "${given}"`, () => {
    const { uploadPromises } = loadConfig(gatewayConfig, {
      SEEDFLEET_GATEWAY_UPLOAD_PROMISES: given,
    });
    deepEqual(uploadPromises, then);
  });
}

for (const given of ["rare", "rare=1", "rare=0.5,rare=0.1", "a=0.5,b=0.41", "Rare=0.1", "a=-0.1"]) {
  test(`gatewayConfig given the upload promises "${given}" refuses them`, () => {
    throws(() => loadConfig(gatewayConfig, { SEEDFLEET_GATEWAY_UPLOAD_PROMISES: given }), {
      message: /add up to 0.9 at most/,
    });
  });
}

for (const given of ["EU", "two words", "a.b", "a".repeat(33)]) {
  test(`gatewayConfig given the zone "${given}" refuses it`, () => {
    throws(() => loadConfig(gatewayConfig, { SEEDFLEET_GATEWAY_ZONE: given }), {
      message: /a name of 1 to 32/,
    });
  });
}

test("gatewayConfig reads the nodes of a DHT", () => {
  const env = { SEEDFLEET_GATEWAY_DHT_BOOTSTRAP: "a.example:1,192.0.2.1:6881" };
  deepEqual(loadConfig(gatewayConfig, env).dhtBootstrap, ["a.example:1", "192.0.2.1:6881"]);
});

for (const given of ["a.example", "a.example:", ":1", "a b:1", "[::1]:1"]) {
  test(`gatewayConfig given the DHT node "${given}" refuses it`, () => {
    throws(() => loadConfig(gatewayConfig, { SEEDFLEET_GATEWAY_DHT_BOOTSTRAP: given }), {
      message: /HOST:PORT/,
    });
  });
}
