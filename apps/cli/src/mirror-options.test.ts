import { deepEqual, equal, throws } from "node:assert/strict";
import { test } from "node:test";
import { errorCode, errorMessage } from "@seedfleet/runtime";
import { parseCancelOptions } from "./cancel-options.ts";
import { parseMirrorOptions } from "./mirror-options.ts";
import { parseMirrorsOptions } from "./mirrors-options.ts";
import { parseRestoreOptions } from "./restore-options.ts";

const HASH = "ab".repeat(20);
const SWARM = { gateways: 2, peers: [], trackers: [], dht: false };
const REST = { natsUrl: null, store: null, wait: true, json: false };

const PARSERS = {
  cancel: parseCancelOptions,
  mirror: parseMirrorOptions,
  mirrors: parseMirrorsOptions,
  restore: parseRestoreOptions,
} as const;

const accepted: readonly {
  readonly command: keyof typeof PARSERS;
  readonly args: readonly string[];
  readonly then: object;
}[] = [
  {
    command: "mirror",
    args: ["a.torrent"],
    then: { ...SWARM, ...REST, announce: null, torrent: "a.torrent" },
  },
  {
    command: "mirror",
    args: ["a.torrent", "--no-announce"],
    then: { ...SWARM, ...REST, announce: false, torrent: "a.torrent" },
  },
  {
    command: "mirror",
    args: ["a.torrent", "--announce"],
    then: { ...SWARM, ...REST, announce: true, torrent: "a.torrent" },
  },
  {
    command: "mirror",
    args: [
      ...["magnet:?xt=a", "--gateways", "4", "--dht", "--no-wait", "--store=s", "--json"],
      ...["--peer", "192.0.2.1:6881", "--peer=[2001:db8::1]:1", "--peer", "peer.example:65535"],
      ...["--tracker", "udp://t.example:1/a", "--tracker", "https://t.example/", "--bus=tls://h"],
    ],
    then: {
      ...{ torrent: "magnet:?xt=a", gateways: 4, dht: true, wait: false, store: "s", json: true },
      peers: [
        { host: "192.0.2.1", port: 6_881 },
        { host: "2001:db8::1", port: 1 },
        { host: "peer.example", port: 65_535 },
      ],
      trackers: ["udp://t.example:1/a", "https://t.example/"],
      announce: null,
      natsUrl: "tls://h",
    },
  },
  {
    command: "mirror",
    args: ["a", "--only", "data/*.bin", "--only=*.md", "--first", "README.md"],
    then: {
      ...{ ...SWARM, ...REST, torrent: "a", announce: null },
      choice: { only: ["data/*.bin", "*.md"], first: ["README.md"], sequential: false },
    },
  },
  {
    command: "mirror",
    args: ["a", "--sequential"],
    then: {
      ...{ ...SWARM, ...REST, torrent: "a", gateways: 1, announce: null },
      choice: { only: [], first: [], sequential: true },
    },
  },
  { command: "restore", args: [HASH], then: { ...SWARM, ...REST, infoHash: HASH } },
  { command: "mirrors", args: ["--json"], then: { natsUrl: null, json: true } },
  {
    command: "cancel",
    args: [HASH.toUpperCase()],
    then: { job: HASH.toUpperCase(), infoHash: HASH, delete: false, natsUrl: null, json: false },
  },
  {
    command: "cancel",
    args: ["c".repeat(64), "--delete"],
    then: {
      ...{ job: "c".repeat(64), infoHash: "c".repeat(40), delete: true },
      ...{ natsUrl: null, json: false },
    },
  },
];

for (const { command, args, then } of accepted) {
  test(`${command} given [${args.join(" ")}]`, () => deepEqual(PARSERS[command](args), then));
}

for (const [command, parse] of Object.entries(PARSERS)) {
  test(`${command} given --help is asked for help`, () => equal(parse(["a", "--help"]), "help"));
}

const refused: readonly {
  readonly command: keyof typeof PARSERS;
  readonly args: readonly string[];
  readonly says: RegExp;
}[] = [
  { command: "mirror", args: [], says: /^Name one magnet link, \.torrent file or URL; see/ },
  { command: "mirror", args: ["a", "b"], says: /^Name one magnet link/ },
  {
    command: "mirror",
    args: ["a", "--announce", "--no-announce"],
    says: /^Give --announce or --no-announce, not both$/,
  },
  { command: "mirror", args: ["a", "--gateways", "0"], says: /from 1 to 64, not "0"$/ },
  { command: "mirror", args: ["a", "--gateways", "65"], says: /from 1 to 64, not "65"$/ },
  { command: "mirror", args: ["a", "--peer", "h"], says: /^--peer is HOST:PORT or/ },
  { command: "mirror", args: ["a", "--peer", "h:0"], says: /^--peer is HOST:PORT or/ },
  { command: "mirror", args: ["a", "--peer", "2001:db8::1:1"], says: /^--peer is HOST:PORT or/ },
  { command: "mirror", args: ["a", "--tracker", "wss://h/"], says: /^--tracker is an http, https/ },
  { command: "mirror", args: ["a", "--tracker", "udp://"], says: /^--tracker is an http, https/ },
  {
    command: "mirror",
    args: ["a", ...Array.from({ length: 65 }, () => "--peer=h:1")],
    says: /^--peer may be given 64 times at most$/,
  },
  {
    command: "mirror",
    args: ["a", ...Array.from({ length: 33 }, () => "--tracker=udp://a/")],
    says: /^--tracker may be given 32 times at most$/,
  },
  {
    command: "mirror",
    args: ["a", ...Array.from({ length: 65 }, () => "--only=a")],
    says: /^--only may be given 64 times at most$/,
  },
  { command: "mirror", args: ["a", "--first="], says: /^--first is a pattern of 1 to 1024 ch/ },
  {
    command: "mirror",
    args: ["a", "--sequential", "--gateways", "2"],
    says: /^--sequential is by one gateway; leave out --gateways$/,
  },
  {
    command: "mirror",
    args: ["a", "--sequential", "--first", "b"],
    says: /^--sequential takes files in their order; leave out --first$/,
  },
  { command: "cancel", args: ["a", "--delete"], says: /^--delete is for a mirror: name its/ },
  { command: "mirrors", args: ["a"], says: /^Name nothing; see seedfleet mirrors --help$/ },
  { command: "restore", args: [], says: /^Name one info hash; see seedfleet restore --help$/ },
];

for (const { command, args, says } of refused) {
  test(`${command} given [${args.slice(0, 3).join(" ")}] says what to do`, () => {
    throws(
      () => PARSERS[command](args),
      (error) => errorCode(error) === "usage" && says.test(errorMessage(error)),
    );
  });
}
