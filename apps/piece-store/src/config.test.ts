import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { parseEnv } from "node:util";
import { loadConfig, printConfig } from "@seedfleet/runtime";
import { pieceStoreConfig } from "./config.ts";

test("the printed settings are the defaults", () => {
  const printed = parseEnv(printConfig(pieceStoreConfig));
  deepEqual(loadConfig(pieceStoreConfig, printed), loadConfig(pieceStoreConfig, {}));
});

test("roots are separated as in PATH", () => {
  const env = { SEEDFLEET_PIECE_STORE_ROOTS: "/srv/debian:/srv/my data" };
  deepEqual(loadConfig(pieceStoreConfig, env).roots, ["/srv/debian", "/srv/my data"]);
});
