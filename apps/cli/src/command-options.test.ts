import { deepEqual, equal, throws } from "node:assert/strict";
import { resolve } from "node:path";
import { test } from "node:test";
import { errorCode, errorMessage } from "@seedfleet/runtime";
import { parseAdoptOptions } from "./adopt-options.ts";
import { parseCancelOptions } from "./cancel-options.ts";
import { parseCheckOptions } from "./check-options.ts";
import { parseDoctorOptions } from "./doctor/doctor-options.ts";
import { parseDrainOptions } from "./drain-options.ts";
import { parseExplainOptions } from "./explain-options.ts";
import { parseGatewaysOptions } from "./gateways-options.ts";
import { parseInspectOptions } from "./inspect-options.ts";
import { parseJobsOptions } from "./jobs-options.ts";
import { parseLsOptions } from "./ls-options.ts";
import { parsePreheatOptions } from "./preheat-options.ts";

const HASH = "ab".repeat(20);

const PARSERS = {
  adopt: parseAdoptOptions,
  cancel: parseCancelOptions,
  check: parseCheckOptions,
  doctor: parseDoctorOptions,
  drain: parseDrainOptions,
  explain: parseExplainOptions,
  gateways: parseGatewaysOptions,
  inspect: parseInspectOptions,
  jobs: parseJobsOptions,
  ls: parseLsOptions,
  preheat: parsePreheatOptions,
} as const;

type Command = keyof typeof PARSERS;

const accepted: readonly { command: Command; args: readonly string[]; then: object }[] = [
  {
    command: "adopt",
    args: ["a.torrent", "b", "/c", "s3://d/e"],
    then: {
      ...{ torrent: "a.torrent", locations: [resolve("b"), "/c", "s3://d/e"] },
      ...{ check: "background", natsUrl: null, store: null, json: false },
    },
  },
  {
    command: "adopt",
    args: ["-", "/c", "--check", "first-use", "--store=s", "--bus", "tls://h:1", "--json"],
    then: {
      ...{ torrent: "-", locations: ["/c"], check: "first-use" },
      ...{ natsUrl: "tls://h:1", store: "s", json: true },
    },
  },
  {
    command: "cancel",
    args: ["0123-_ab", "--json"],
    then: { job: "0123-_ab", infoHash: null, delete: false, natsUrl: null, json: true },
  },
  {
    command: "check",
    args: [HASH.toUpperCase(), "--bus", "nats://h"],
    then: { infoHash: HASH, natsUrl: "nats://h", json: false },
  },
  {
    command: "check",
    args: ["c".repeat(64)],
    then: { infoHash: "c".repeat(40), natsUrl: null, json: false },
  },
  { command: "inspect", args: ["-"], then: { torrent: "-", files: false, json: false } },
  {
    command: "inspect",
    args: ["--files", "a", "--json"],
    then: { torrent: "a", files: true, json: true },
  },
  { command: "jobs", args: [], then: { natsUrl: null, json: false } },
  { command: "ls", args: ["--json"], then: { natsUrl: null, json: true } },
  { command: "doctor", args: [], then: { bus: null, dataDir: ".seedfleet", json: false } },
  {
    command: "doctor",
    args: ["--bus", "embedded", "--data-dir=d", "--json"],
    then: { bus: "embedded", dataDir: "d", json: true },
  },
  {
    command: "doctor",
    args: ["--bus", "nats://h"],
    then: { bus: { natsUrl: "nats://h" }, dataDir: ".seedfleet", json: false },
  },
  {
    command: "drain",
    args: ["gateway-1", "--bus", "nats://h"],
    then: { gateway: "gateway-1", natsUrl: "nats://h", json: false },
  },
  {
    command: "explain",
    args: ["192.0.2.1:6881", "--torrent", HASH.toUpperCase(), "--bus=nats://h", "--json"],
    then: {
      ...{ named: "192.0.2.1:6881", infoHash: HASH, natsUrl: "nats://h", json: true },
      peer: { kind: "address", host: "192.0.2.1", port: 6_881 },
    },
  },
  {
    // No flag, whatever it begins with.
    command: "explain",
    args: ["--json", "-qB4650-"],
    then: {
      ...{ named: "-qB4650-", infoHash: null, natsUrl: null, json: true },
      peer: { kind: "peer-id", prefix: "2d7142343635302d" },
    },
  },
  { command: "gateways", args: ["--json"], then: { natsUrl: null, json: true } },
  {
    command: "preheat",
    args: [HASH],
    then: { infoHash: HASH, pieces: null, gateway: null, natsUrl: null, json: false },
  },
  {
    command: "preheat",
    args: ["c".repeat(64), "--pieces", "0-7", "--gateway=a_b", "--json"],
    then: {
      ...{ infoHash: "c".repeat(40), pieces: { first: 0, last: 7 }, gateway: "a_b" },
      ...{ natsUrl: null, json: true },
    },
  },
];

for (const { command, args, then } of accepted) {
  test(`${command} given [${args.join(" ")}]`, () => deepEqual(PARSERS[command](args), then));
}

for (const [command, parse] of Object.entries(PARSERS)) {
  test(`${command} given --help is asked for help`, () => {
    for (const args of [["--help"], ["-h"], ["a", "b", "--help"]]) equal(parse(args), "help");
  });
}

const refused: readonly { command: Command; args: readonly string[]; says: RegExp }[] = [
  { command: "adopt", args: [], says: /^Name a \.torrent file and where its content lies; see/ },
  { command: "adopt", args: ["a"], says: /^Name a \.torrent file and where its content lies/ },
  {
    command: "adopt",
    args: ["a", ...Array.from({ length: 17 }, () => "b")],
    says: /^A torrent has at most 16 locations$/,
  },
  {
    command: "adopt",
    args: ["a", "b", "--check", "later"],
    says: /^--check is now, background, first-use, not "later"$/,
  },
  {
    command: "adopt",
    args: ["a", "b", "--bus", "http://h"],
    says: /^--bus is nats:\/\/HOST:PORT, not "http:\/\/h"$/,
  },
  { command: "cancel", args: [], says: /^Name one job or info hash; see seedfleet cancel/ },
  { command: "cancel", args: ["a", "b"], says: /^Name one job/ },
  { command: "cancel", args: ["a.b"], says: /^"a\.b" is the id of no job; see seedfleet jobs$/ },
  { command: "cancel", args: [""], says: /^"" is the id of no job/ },
  { command: "check", args: [], says: /^Name one info hash; see seedfleet check --help$/ },
  { command: "check", args: [HASH, HASH], says: /^Name one info hash/ },
  { command: "check", args: ["xyz"], says: /^An info hash has 40 or 64 hex digits, not "xyz"/ },
  { command: "inspect", args: [], says: /^Name one \.torrent file or magnet link; see seedfleet/ },
  { command: "inspect", args: ["a", "b"], says: /^Name one \.torrent file or magnet link/ },
  { command: "inspect", args: ["--nope"], says: /^Unknown option '--nope'; see seedfleet inspect/ },
  { command: "jobs", args: ["a"], says: /^Name nothing; see seedfleet jobs --help$/ },
  { command: "drain", args: [], says: /^Name one gateway; see seedfleet drain --help$/ },
  { command: "drain", args: ["a", "b"], says: /^Name one gateway/ },
  { command: "drain", args: ["a.b"], says: /^"a\.b" is the id of no gateway; see seedfleet gatew/ },
  { command: "explain", args: [], says: /^Name one peer; see seedfleet explain --help$/ },
  { command: "explain", args: ["a", "b"], says: /^Name one peer/ },
  {
    command: "explain",
    args: ["two words"],
    says: /^A peer is an IP address, IP:PORT or up to 20/,
  },
  { command: "explain", args: ["192.0.2.1:0"], says: /^A peer is an IP address/ },
  { command: "explain", args: ["a", "--torrent", "b"], says: /^An info hash has 40 or 64 hex/ },
  { command: "gateways", args: ["a"], says: /^Name nothing; see seedfleet gateways --help$/ },
  { command: "preheat", args: [], says: /^Name one info hash; see seedfleet preheat --help$/ },
  { command: "preheat", args: ["xyz"], says: /^An info hash has 40 or 64 hex digits, not "xyz"/ },
  ...["7", "7-3", "-1-3", "a-b", "0-99999999", "1-2-3"].map((pieces) => ({
    command: "preheat" as const,
    args: [HASH, `--pieces=${pieces}`],
    says: new RegExp(`^--pieces is FIRST-LAST, as 0-99, not "${pieces}"$`),
  })),
  { command: "preheat", args: [HASH, "--gateway", "*"], says: /^"\*" is the id of no gateway/ },
  { command: "ls", args: ["a"], says: /^Name nothing; see seedfleet ls --help$/ },
  { command: "ls", args: ["--bus", "nats://"], says: /^--bus is nats:\/\/HOST:PORT, not "nats:/ },
];

for (const { command, args, says } of refused) {
  test(`${command} given [${args.join(" ")}] says in one line what to do`, () => {
    throws(
      () => PARSERS[command](args),
      (error) => errorCode(error) === "usage" && says.test(errorMessage(error)),
    );
  });
}
