import { deepEqual, equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { parseEnv } from "node:util";
import { GivenDirectory } from "@seedfleet/content-fs/testing";
import { type Ended, linesOf, runToEnd } from "./testing.ts";

const APPS = join(import.meta.dirname, "../..");

const services = [
  { app: "gateway", own: "SEEDFLEET_GATEWAY_PEER_PORT" },
  { app: "tracker", own: "SEEDFLEET_TRACKER_PORT" },
  { app: "piece-store", own: "SEEDFLEET_PIECE_STORE_ROOTS" },
  { app: "choking-scheduler", own: "SEEDFLEET_ID" },
  { app: "console", own: "SEEDFLEET_CONSOLE_PORT" },
] as const;

describe("--print-config", { concurrency: 2 }, () => {
  for (const { app, own } of services) {
    test(`${app}/main.ts --print-config prints what the same program reads`, async () => {
      using place = new GivenDirectory();
      const printed = await run(app, ["--print-config"], { cwd: place.path });
      deepEqual([printed.code, printed.stderr], [0, ""]);
      const settings = parseEnv(printed.stdout) as Record<string, string>;
      ok(own in settings && "SEEDFLEET_NATS_URL" in settings);
      for (const line of linesOf(printed.stdout)) match(line, /^$|^# |^SEEDFLEET_[A-Z0-9_]+=/);
      // Every setting was accepted if all that is missing is the bus.
      const env = { ...settings, ...ELSEWHERE[app], SEEDFLEET_NATS_URL: "nats://127.0.0.1:1" };
      const { code, stderr } = await run(app, [], { cwd: place.path, env });
      equal(code, 1);
      deepEqual(linesOf(stderr), [
        "seedfleet: Cannot reach NATS at nats://127.0.0.1:1: " +
          "start nats-server -js there, or set the address",
      ]);
    });
  }
});

/** Settings that have no default. */
const ELSEWHERE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "piece-store": { SEEDFLEET_PIECE_STORE_ROOTS: "/" },
};

function run(
  app: string,
  args: readonly string[],
  at: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Promise<Ended> {
  return runToEnd(args, { ...at, main: join(APPS, app, "src/main.ts") });
}
