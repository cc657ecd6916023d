import { deepEqual, equal } from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ADMIN_PORT, IMAGE_COMMANDS, imageDefaults, isImageCommand } from "./image-defaults.ts";

const APPS = join(import.meta.dirname, "../../../apps");

test("the image can be started as every app", () => {
  deepEqual([...IMAGE_COMMANDS].toSorted(), readdirSync(APPS).toSorted());
});

test("isImageCommand() given what every object has", () => {
  equal(isImageCommand("gateway"), true);
  equal(isImageCommand("toString"), false);
});

test("imageDefaults() has a service listen where others reach it", () => {
  deepEqual(imageDefaults("gateway", {}), {
    SEEDFLEET_ADMIN_HOST: "0.0.0.0",
    SEEDFLEET_ADMIN_PORT: ADMIN_PORT,
    SEEDFLEET_GATEWAY_HOST: "0.0.0.0",
  });
});

test("imageDefaults() given a setting leaves it", () => {
  const env = { SEEDFLEET_ADMIN_PORT: "9000" };
  deepEqual(imageDefaults("piece-store", env), { SEEDFLEET_ADMIN_HOST: "0.0.0.0" });
});
