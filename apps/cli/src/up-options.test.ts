import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";
import { DEFAULT_TORRENT_OPTIONS } from "@seedfleet/contracts";
import { type ErrorDetail, loadConfig, SeedfleetError } from "@seedfleet/runtime";
import { parsePublishOptions } from "./publish-options.ts";
import { loadUpConfig, upConfig } from "./up-config.ts";
import { EXAMPLE_CONTENT, parseUpOptions, type UpOptions } from "./up-options.ts";

const DEFAULTS: UpOptions = {
  ...{ paths: [EXAMPLE_CONTENT], host: "127.0.0.1", dataDir: ".seedfleet", json: false },
  ...{ peerPort: 6881, trackerPort: 6969, consolePort: 8080 },
  ...{ mirrors: [], dht: false, announce: true },
  ...{ natsUrl: null, unchokeSlots: null, workers: null, torrent: DEFAULT_TORRENT_OPTIONS },
};

const accepted: readonly { args: readonly string[]; then: Partial<UpOptions> }[] = [
  { args: [], then: {} },
  { args: ["a", "b c"], then: { paths: ["a", "b c"] } },
  { args: ["--mirror", "magnet:?a"], then: { paths: [], mirrors: ["magnet:?a"] } },
  {
    args: ["a", "--mirror", "b.torrent", "--mirror=c", "--dht"],
    then: { paths: ["a"], mirrors: ["b.torrent", "c"], dht: true },
  },
  { args: ["a", "--no-announce"], then: { paths: ["a"], announce: false } },
  { args: ["--workers", "2"], then: { workers: 2 } },
  { args: ["--host", "192.0.2.1", "a"], then: { paths: ["a"], host: "192.0.2.1" } },
  { args: ["--peer-port", "0"], then: { peerPort: 0 } },
  { args: ["--tracker-port=65535"], then: { trackerPort: 65_535 } },
  { args: ["--console-port", "00080"], then: { consolePort: 80 } },
  { args: ["--data-dir", "/var/lib/x"], then: { dataDir: "/var/lib/x" } },
  { args: ["--bus", "embedded"], then: { natsUrl: null } },
  { args: ["--bus", "nats://h:4222"], then: { natsUrl: "nats://h:4222" } },
  { args: ["--bus=tls://h"], then: { natsUrl: "tls://h" } },
  { args: ["--unchoke-slots", "auto"], then: { unchokeSlots: "auto" } },
  { args: ["--unchoke-slots", "1"], then: { unchokeSlots: 1 } },
  { args: ["--json"], then: { json: true } },
  { args: ["--", "--json"], then: { paths: ["--json"] } },
];

for (const { args, then } of accepted) {
  test(`parseUpOptions() given [${args.join(" ")}]`, () => {
    deepEqual(parseUpOptions(args), { ...DEFAULTS, ...then });
  });
}

test("parseUpOptions() given nothing to seed names content that is there", () => {
  ok(existsSync(EXAMPLE_CONTENT));
});

for (const args of [["--help"], ["-h"], ["a", "--help", "--peer-port", "x"]]) {
  test(`parseUpOptions() given [${args.join(" ")}] is asked for help`, () => {
    equal(parseUpOptions(args), "help");
    equal(parsePublishOptions(args.filter((arg) => !/port|^x$/.test(arg))), "help");
  });
}

const refused: readonly { args: readonly string[]; says: RegExp }[] = [
  { args: ["--peer-port", "65536"], says: /^--peer-port is a port from 1 .* not "65536"$/ },
  { args: ["--peer-port=-1"], says: /^--peer-port is a port .* not "-1"$/ },
  {
    args: ["--peer-port", "-1"],
    says: /^Option '--peer-port' argument is ambiguous; see seedfleet/,
  },
  { args: ["--peer-port", "6881.5"], says: /^--peer-port is a port .* not "6881\.5"$/ },
  { args: ["--tracker-port", "http"], says: /^--tracker-port is a port .* not "http"$/ },
  { args: ["--console-port", ""], says: /^--console-port is a port .* not ""$/ },
  { args: ["--console-port", "0x50"], says: /^--console-port is a port .* not "0x50"$/ },
  { args: ["--peer-port"], says: /^Option '--peer-port <value>' argument missing; see seedfleet/ },
  { args: ["--bus", "redis://h"], says: /^--bus is embedded or nats:\/\/HOST:PORT, not "redis:/ },
  { args: ["--bus", "nats://"], says: /^--bus is embedded or nats:/ },
  { args: ["--bus", "h:4222"], says: /^--bus is embedded or nats:/ },
  { args: ["--unchoke-slots", "0"], says: /^--unchoke-slots is auto or a number from 1 to 100000/ },
  { args: ["--unchoke-slots", "100001"], says: /^--unchoke-slots is auto or a number/ },
  { args: ["--unchoke-slots", "4.5"], says: /^--unchoke-slots is auto or a number/ },
  { args: ["--nope"], says: /^Unknown option '--nope'; see seedfleet up --help$/ },
  { args: ["-x"], says: /^Unknown option '-x'; see seedfleet up --help$/ },
  { args: ["--json=yes"], says: /^Option '--json' does not take an argument; see seedfleet/ },
];

for (const { args, says } of refused) {
  test(`parseUpOptions() given [${args.join(" ")}] says in one line what to do`, () => {
    throws(() => parseUpOptions(args), isUsage(says));
  });
}

test("parsePublishOptions() given paths and flags", () => {
  deepEqual(parsePublishOptions(["a", "/b", "--store", "s", "--private", "--bus", "nats://h:1"]), {
    ...{ paths: [resolve("a"), "/b"], mirrors: [], natsUrl: "nats://h:1", store: "s" },
    ...{ torrent: { ...DEFAULT_TORRENT_OPTIONS, private: true }, json: false },
  });
  deepEqual(parsePublishOptions(["a", "--json"]), {
    ...{ paths: [resolve("a")], mirrors: [], natsUrl: null, store: null, json: true },
    torrent: DEFAULT_TORRENT_OPTIONS,
  });
  const mirrored = ["s3://b/k", "--mirror", "c", "--mirror", "https://h/k", "--piece-length=1MiB"];
  const told = ["--comment", "x", "--source", "y", "--web-seed", "http://w/", "--format", "v2"];
  deepEqual(parsePublishOptions([...mirrored, ...told]), {
    ...{ paths: ["s3://b/k"], mirrors: [resolve("c"), "https://h/k"], natsUrl: null, store: null },
    torrent: {
      ...{ version: "v2", pieceLengthBytes: 1_048_576, private: false },
      ...{ comment: "x", source: "y", webSeeds: ["http://w/"] },
    },
    json: false,
  });
});

const unpublishable = [
  { args: [], says: /^Name a path; see seedfleet publish --help$/ },
  { args: ["a", "--bus", "somewhere"], says: /^--bus is nats:\/\/HOST:PORT, not "somewhere"$/ },
  { args: ["a", "--nope"], says: /^Unknown option '--nope'; see seedfleet publish --help$/ },
  { args: ["a", "b", "--mirror", "c"], says: /^--mirror goes with one path/ },
  { args: ["a", "--format", "v3"], says: /^--format is hybrid, v1 or v2, not "v3"$/ },
  { args: ["a", "--piece-length", "3MiB"], says: /^--piece-length is a power of two/ },
  { args: ["a", "--web-seed", "file:///x"], says: /^--web-seed is an http, https or ftp URL/ },
] as const;

for (const { args, says } of unpublishable) {
  test(`parsePublishOptions() given [${args.join(" ")}] says in one line what to do`, () => {
    throws(() => parsePublishOptions(args), isUsage(says));
  });
}

const env = { SEEDFLEET_GATEWAY_UNCHOKE_SLOTS: "7", SEEDFLEET_NATS_URL: "nats://env:1" };

test("loadUpConfig() given no flags takes the environment's settings", () => {
  const config = loadUpConfig(env, DEFAULTS, { host: "192.0.2.1", quiet: false });
  deepEqual([config.gateway.unchokeSlots, config.process.nats.servers], [7, ["nats://env:1"]]);
  const { gateway, tracker, console } = config;
  deepEqual([gateway.host, tracker.host, console.host], Array(3).fill("192.0.2.1"));
  deepEqual([gateway.peerPort, tracker.port, console.port], [6881, 6969, 8080]);
});

test("loadUpConfig() given flags puts them before the environment's settings", () => {
  const options = { ...DEFAULTS, unchokeSlots: 3, natsUrl: "nats://flag:1", trackerPort: 1 };
  const config = loadUpConfig(env, options, { host: "::1", quiet: false });
  deepEqual([config.gateway.unchokeSlots, config.process.nats.servers], [3, ["nats://flag:1"]]);
  deepEqual([config.tracker.port, config.tracker.host], [1, "::1"]);
});

test("loadUpConfig() given a terminal is quiet unless told otherwise", () => {
  const at = { host: "127.0.0.1", quiet: true };
  equal(loadUpConfig({}, DEFAULTS, at).process.logLevel, "warn");
  equal(loadUpConfig({ SEEDFLEET_LOG_LEVEL: "info" }, DEFAULTS, at).process.logLevel, "info");
  const loud = loadUpConfig({}, DEFAULTS, { ...at, quiet: false }).process.logLevel;
  equal(loud, loadConfig(upConfig, {}).process.logLevel);
});

function isUsage(says: RegExp): (error: unknown) => boolean {
  return (error) => {
    ok(error instanceof SeedfleetError);
    const { message, detail } = error as SeedfleetError<ErrorDetail>;
    equal(detail.code, "usage");
    ok(says.test(message) && !message.includes("\n"), message);
    return true;
  };
}
