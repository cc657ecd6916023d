import { deepEqual, equal, throws } from "node:assert/strict";
import { test } from "node:test";
import { parseEnv } from "node:util";
import { loadConfig, printConfig } from "@seedfleet/runtime";
import { announceUrl } from "./announce-url.ts";
import { trackerConfig } from "./config.ts";

test("trackerConfig prints defaults that it reads back", () => {
  deepEqual(
    loadConfig(trackerConfig, parseEnv(printConfig(trackerConfig))),
    loadConfig(trackerConfig, {}),
  );
});

test("announceUrl() brackets IPv6", () => {
  equal(announceUrl({ host: "::1", port: 6969 }), "http://[::1]:6969/announce");
  equal(announceUrl({ host: "t.example", port: 80 }), "http://t.example:80/announce");
});

test("announceUrl() given every address refuses it", () => {
  throws(() => announceUrl({ host: "0.0.0.0", port: 6969 }), {
    detail: { code: "address-not-advertisable", host: "0.0.0.0" },
  });
});
