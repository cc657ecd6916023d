import { deepEqual, throws } from "node:assert/strict";
import { test } from "node:test";
import { parseEnv } from "node:util";
import { loadConfig, printConfig } from "@seedfleet/runtime";
import { announceUrls, withPasskey } from "./announce-urls.ts";
import { trackerConfig } from "./config.ts";

test("trackerConfig prints defaults that it reads back", () => {
  deepEqual(
    loadConfig(trackerConfig, parseEnv(printConfig(trackerConfig))),
    loadConfig(trackerConfig, {}),
  );
});

test("announceUrls() brackets IPv6, and tells HTTP first", () => {
  deepEqual(announceUrls({ host: "::1", port: 6969, udpPort: null }), [
    "http://[::1]:6969/announce",
  ]);
  deepEqual(announceUrls({ host: "t.example", port: 80, udpPort: 81 }), [
    "http://t.example:80/announce",
    "udp://t.example:81/announce",
  ]);
});

test("announceUrls() given every address refuses it", () => {
  throws(() => announceUrls({ host: "0.0.0.0", port: 6969, udpPort: null }), {
    detail: { code: "address-not-advertisable", host: "0.0.0.0" },
  });
});

test("withPasskey() puts it before the announce", () => {
  deepEqual(withPasskey(["http://[::1]:1/announce", "udp://a:2/announce"], "ab12"), [
    "http://[::1]:1/ab12/announce",
    "udp://a:2/ab12/announce",
  ]);
});
