import { deepEqual, equal, throws } from "node:assert/strict";
import { test } from "node:test";
import { parseEnv } from "node:util";
import { type ConfigSchema, defineConfig, loadConfig, printConfig } from "./config.ts";
import { bytes, durationMs, list, oneOf, port, ratio, secret, text, url } from "./config-field.ts";
import { SeedfleetError } from "./errors.ts";

type BusConfig = { readonly natsUrl: string | null };
type Config = {
  readonly peerPort: number;
  readonly cacheBytes: number;
  readonly intervalMs: number;
  readonly sampleRatio: number;
  readonly logLevel: "info" | "debug";
  readonly roots: readonly string[];
  readonly token: string | null;
  readonly bus: BusConfig;
};

const busSchema: ConfigSchema<BusConfig> = defineConfig({
  natsUrl: url({ env: "SEEDFLEET_NATS_URL", default: null, doc: "Where the bus is." }),
});

const schema: ConfigSchema<Config> = defineConfig({
  peerPort: port({ env: "SEEDFLEET_PEER_PORT", default: 6881, doc: "Where peers connect." }),
  cacheBytes: bytes({ env: "SEEDFLEET_CACHE_BYTES", default: 2 ** 28, doc: "Two\nlines.", min: 1 }),
  intervalMs: durationMs({ env: "SEEDFLEET_INTERVAL", default: 30_000, doc: "How often." }),
  sampleRatio: ratio({ env: "SEEDFLEET_SAMPLE_RATIO", default: 0.05, doc: "Which traces." }),
  logLevel: oneOf(["info", "debug"], { env: "SEEDFLEET_LOG", default: "info", doc: "How much." }),
  roots: list({ env: "SEEDFLEET_ROOTS", default: ["/a", "/b"], doc: "What.", separator: ":" }),
  token: secret({ env: "SEEDFLEET_TOKEN", doc: "Who may." }),
  bus: busSchema,
});

const defaults: Config = {
  peerPort: 6881,
  cacheBytes: 268_435_456,
  intervalMs: 30_000,
  sampleRatio: 0.05,
  logLevel: "info",
  roots: ["/a", "/b"],
  token: null,
  bus: { natsUrl: null },
};

test("loadConfig() given an environment without settings takes the defaults", () => {
  deepEqual(loadConfig(schema, { HOME: "/root" }), defaults);
});

test("loadConfig() reads what printConfig() prints as the defaults", () => {
  const printed = parseEnv(printConfig(schema));
  deepEqual(loadConfig(schema, printed), defaults);
  equal(Object.keys(printed).length, schema.fields.length);
});

test("printConfig() comments each setting and prints a shared one once", () => {
  const both = defineConfig({ bus: busSchema, sameBus: busSchema, roomBytes: givenBytes("ROOM") });
  equal(
    printConfig(both),
    "# Where the bus is.\nSEEDFLEET_NATS_URL=\n\n# First.\n# Second.\nSEEDFLEET_ROOM=256MiB\n",
  );
});

test("loadConfig() given values parses each and freezes all", () => {
  const config = loadConfig(schema, {
    SEEDFLEET_PEER_PORT: "0",
    SEEDFLEET_CACHE_BYTES: "1GiB",
    SEEDFLEET_INTERVAL: "5m",
    SEEDFLEET_SAMPLE_RATIO: ".5",
    SEEDFLEET_LOG: "debug",
    SEEDFLEET_ROOTS: "",
    SEEDFLEET_TOKEN: "hush",
    SEEDFLEET_NATS_URL: "nats://127.0.0.1:4222",
  });
  deepEqual(config, {
    peerPort: 0,
    cacheBytes: 2 ** 30,
    intervalMs: 300_000,
    sampleRatio: 0.5,
    logLevel: "debug",
    roots: [],
    token: "hush",
    bus: { natsUrl: "nats://127.0.0.1:4222" },
  });
  equal(Object.isFrozen(config) && Object.isFrozen(config.bus), true);
});

const invalid = [
  {
    given: "a number out of range",
    env: { SEEDFLEET_PEER_PORT: "65536" },
    message: 'Cannot use SEEDFLEET_PEER_PORT: "65536" is not an integer from 0 to 65535',
  },
  {
    given: "an empty value of a setting that is not optional",
    env: { SEEDFLEET_LOG: "" },
    message: 'Cannot use SEEDFLEET_LOG: "" is not one of info, debug',
  },
  {
    given: "a value below the least",
    env: { SEEDFLEET_CACHE_BYTES: "0" },
    message:
      'Cannot use SEEDFLEET_CACHE_BYTES: "0" is not a number of bytes from 1, as 65536 or 256MiB',
  },
  {
    given: "a mistyped key",
    env: { SEEDFLEET_PEER_PROT: "1" },
    message:
      "Cannot use SEEDFLEET_PEER_PROT: there is no such setting " +
      "(did you mean SEEDFLEET_PEER_PORT?)",
  },
  {
    given: "a key like no other",
    env: { SEEDFLEET_WHATEVER_THIS_IS: "1" },
    message:
      "Cannot use SEEDFLEET_WHATEVER_THIS_IS: there is no such setting (--print-config lists them)",
  },
] as const;

for (const { given, env, message } of invalid) {
  test(`loadConfig() given ${given} names it`, () => {
    const isIt = (error: unknown): boolean =>
      error instanceof SeedfleetError &&
      error.detail.code === "config-invalid" &&
      error.message === message;
    throws(() => loadConfig(schema, env), isIt);
  });
}

test("loadConfig() never quotes a secret", () => {
  const strict = { ...secret({ env: "SEEDFLEET_TOKEN", doc: "Who may." }), parse: () => null };
  const schemaOfSecret = defineConfig({ token: strict });
  throws(() => loadConfig(schemaOfSecret, { SEEDFLEET_TOKEN: "hush" }), {
    message: "Cannot use SEEDFLEET_TOKEN: the value is not a text of at least one character",
  });
});

test("defineConfig() refuses one key with two defaults", () => {
  const shared = text({ env: "SEEDFLEET_NATS_URL", default: "nats://a", doc: "Another bus." });
  throws(() => defineConfig({ bus: busSchema, shared }), { code: "ERR_ASSERTION" });
});

function givenBytes(name: string): ReturnType<typeof bytes<number>> {
  return bytes({ env: `SEEDFLEET_${name}`, default: 2 ** 28, doc: "First.\nSecond." });
}
