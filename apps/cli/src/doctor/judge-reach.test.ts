import { deepEqual, match } from "node:assert/strict";
import { test } from "node:test";
import type { CheckedDirectory, GatewayCheckup } from "@seedfleet/contracts";
import type { DialledPeer } from "@seedfleet/gateway/service";
import type { Level } from "./finding.ts";
import { judge } from "./judge.ts";
import type { AskedConsole, AskedTracker, Looked, TriedPort } from "./observed.ts";
import {
  givenFleet,
  givenGateway,
  givenObserved,
  givenProcess,
  OTHERS,
  peerId,
} from "./testing.ts";

const ANSWERED: DialledPeer = { kind: "answered", peerId };
const SILENT: DialledPeer = { kind: "no-handshake" };
const OTHER: DialledPeer = { kind: "answered", peerId: "ff".repeat(20) as typeof peerId };
const failed = (code: string): DialledPeer => ({ kind: "failed", code });

type Reach = {
  readonly given: string;
  readonly itself: Partial<GatewayCheckup> | null;
  readonly here: DialledPeer | "late";
  readonly host?: string;
  readonly hasNoTorrent?: boolean;
  readonly then: readonly [Level, RegExp, RegExp?];
};

const NEVER = { hasReachedItself: false, outcome: "refused" } as const;
const CAME = { ...NEVER, cameAgoMs: 61_000 } as const;

const reaches: readonly Reach[] = [
  {
    given: "one that answers",
    itself: {},
    here: ANSWERED,
    then: ["ok", /answers a peer from here$/],
  },
  {
    given: "one that answers here and does not see itself",
    ...{ itself: NEVER, here: ANSWERED },
    then: ["ok", /does not reach itself \(refused\), as behind a NAT .* no fault/],
  },
  {
    given: "another client in its place",
    ...{ itself: NEVER, here: OTHER },
    then: ["problem", /another BitTorrent client/, /forward that port to this gateway/],
  },
  {
    given: "a loopback address",
    ...{ itself: {}, here: ANSWERED, host: "127.0.0.1" },
    then: ["warning", /only this machine/, /--host, or SEEDFLEET_GATEWAY_ADVERTISED_HOST/],
  },
  {
    given: "the loopback of another machine",
    ...{ itself: {}, here: failed("ECONNREFUSED"), host: "127.0.0.1" },
    then: ["warning", /reaches itself, but not from here/, /not of the loopback/],
  },
  {
    given: "one that reaches itself alone",
    ...{ itself: {}, here: failed("ETIMEDOUT") },
    then: ["warning", /reaches itself, but not from here \(ETIMEDOUT\)/, /firewalls on the way/],
  },
  {
    given: "one that nobody reaches",
    ...{ itself: NEVER, here: failed("ECONNREFUSED") },
    then: ["problem", /neither it nor this machine/, /forward the port .*_ADVERTISED_HOST/],
  },
  {
    given: "a dial that hangs",
    ...{ itself: NEVER, here: "late" },
    then: ["problem", /\(refused, timeout\)$/, /nobody listens there/],
  },
  {
    given: "one behind a NAT that peers get through",
    ...{ itself: CAME, here: failed("ECONNREFUSED") },
    then: ["ok", /a peer came in by itself 1 min 1 s ago: peers get through/],
  },
  {
    given: "a peer that came long ago",
    ...{ itself: { ...CAME, cameAgoMs: 31 * 60_000 }, here: failed("ECONNREFUSED") },
    then: ["problem", /neither/, /NAT that does not lead back inside may look so/],
  },
  {
    given: "a way that it has seen itself, and sees no more",
    ...{ itself: { ...CAME, hasReachedItself: true }, here: failed("ECONNREFUSED") },
    then: ["problem", /neither/, /forward the port/],
  },
  {
    given: "every address for one",
    ...{
      itself: { ...CAME, outcome: "unspecified" },
      here: failed("ECONNREFUSED"),
      host: "0.0.0.0",
    },
    then: ["problem", /\(unspecified/, /set SEEDFLEET_GATEWAY_ADVERTISED_HOST/],
  },
  {
    given: "somebody who answers no peer",
    ...{ itself: { ...NEVER, outcome: "another-program" }, here: SILENT },
    then: ["problem", /does not answer a peer/, /another program answers there/],
  },
  {
    given: "itself that answers no peer",
    ...{ itself: {}, here: SILENT },
    then: ["warning", /reaches itself, but does not answer/, /piece-store runs/],
  },
  {
    given: "no torrent to ask by",
    ...{ itself: {}, here: SILENT, hasNoTorrent: true },
    then: ["ok", /takes connections from here/],
  },
  {
    given: "no torrent to ask by, and one that does not see itself",
    ...{ itself: NEVER, here: SILENT, hasNoTorrent: true },
    then: ["problem", /somebody takes connections there/, /forward the port/],
  },
  {
    given: "one of an earlier version that answers",
    ...{ itself: null, here: ANSWERED },
    then: ["ok", /answers a peer from here/],
  },
  {
    given: "one of an earlier version that does not know itself",
    ...{ itself: { outcome: null }, here: failed("ENETUNREACH") },
    then: [
      "problem",
      /not reached from here \(ENETUNREACH\)/,
      /forward that port .* open it there/,
    ],
  },
];

for (const { given, itself, here, host = "192.0.2.1", hasNoTorrent = false, then } of reaches) {
  test(`judge() given ${given} says how a gateway is reached`, () => {
    const address = { host, port: 6_881 };
    const fleet = [givenGateway(itself, { peerAddress: address }), ...OTHERS];
    const looked: Looked<DialledPeer> =
      here === "late" ? { kind: "late", afterMs: 1 } : { kind: "seen", seen: here };
    const observed = givenObserved({
      fleet: hasNoTorrent ? givenFleet(fleet, null) : givenFleet(fleet),
      gateways: [{ id: "gateway-1", address, looked }],
    });
    const [found, ...more] = judge(observed).filter(({ check }) => check === "gateways");
    deepEqual([found?.level, more], [then[0], []], found?.found ?? "");
    match(found?.found ?? "", then[1]);
    if (then[2] !== undefined) match(found?.todo ?? "", then[2]);
  });
}

function tracker(
  looked: AskedTracker["looked"],
  url = "udp://192.0.2.1:6969/announce",
): AskedTracker {
  return { id: "t", url, scheme: url.split(":")[0] ?? "", looked };
}

function console(looked: AskedConsole["looked"]): AskedConsole {
  return { id: "c", url: "http://192.0.2.1:8080", looked };
}

const refused = (reason: string): AskedTracker["looked"] => {
  return { kind: "seen", seen: { kind: "refused", reason } };
};
const away: AskedTracker["looked"] = { kind: "seen", seen: { kind: "away", reason: "no answer" } };

const trackers: readonly [string, AskedTracker, Level, RegExp, RegExp?][] = [
  ["an answer", tracker({ kind: "seen", seen: { kind: "answered" } }), "ok", /answers announces/],
  ["a passkey asked for", tracker(refused("no passkey")), "ok", /refuses whom it should/],
  ["another refusal", tracker(refused("unknown")), "warning", /unknown$/, /that the fleet seeds/],
  ["none by UDP", tracker(away), "problem", /no answer/, /that port for UDP .* outside of it/],
  ["none in time", tracker({ kind: "late", afterMs: 5_000 }), "problem", /within 5 s/, /open that/],
  [
    "none by HTTP",
    tracker({ kind: "failed", code: null, reason: "x" }, "http://a/announce"),
    ...(["problem", /does not answer: x/, /that port for TCP/] as const),
  ],
];

for (const [given, asked, level, found, todo] of trackers) {
  test(`judge() given ${given} says how a tracker is reached`, () => {
    const [finding] = judge(givenObserved({ trackers: [asked] })).filter(
      ({ check }) => check === "trackers",
    );
    deepEqual(finding?.level, level);
    match(finding?.found ?? "", found);
    if (todo !== undefined) match(finding?.todo ?? "", todo);
  });
}

test("judge() given a NAT that hides its outside makes no problem of what is there", () => {
  const observed = givenObserved({
    fleet: givenFleet([givenGateway(CAME), ...OTHERS]),
    gateways: [],
    trackers: [tracker(away), tracker(away, "udp://198.51.100.1:6969/announce")],
    consoles: [console({ kind: "failed", code: "ECONNREFUSED", reason: "refused" })],
  });
  const found = judge(observed).filter(({ check }) => check === "trackers" || check === "consoles");
  deepEqual(
    found.map(({ level }) => level),
    ["warning", "problem", "warning"],
  );
  match(found[0]?.todo ?? "", /run this outside its NAT/);
});

test("judge() given consoles says which do not answer", () => {
  const consoles = [
    console({ kind: "seen", seen: 200 }),
    console({ kind: "seen", seen: 502 }),
    console({ kind: "late", afterMs: 1_000 }),
  ];
  const found = judge(givenObserved({ consoles })).filter(({ check }) => check === "consoles");
  deepEqual(
    found.map(({ level, found: said }) => [level, said]),
    [
      ["ok", "it answers"],
      ["problem", "it answers with HTTP status 502"],
      ["problem", "it does not answer within 1 s"],
    ],
  );
});

function port(differing: Partial<TriedPort>): TriedPort {
  const at = { purpose: "gateway", protocol: "tcp", host: "127.0.0.1", port: 6_881 } as const;
  return { ...at, setting: "SETTING", fault: null, holder: null, ...differing };
}

test("judge() given ports says who has them", () => {
  const ports = [
    port({}),
    port({ fault: "EADDRINUSE", holder: "gateway g of this fleet" }),
    port({ fault: "EADDRINUSE" }),
    port({ fault: "EACCES" }),
    port({ fault: "EADDRNOTAVAIL" }),
  ];
  const found = judge(givenObserved({ ports })).filter(({ check }) => check === "ports");
  const said = found.map(({ level, found: what }) => `${level}: ${what}`);
  deepEqual(said, [
    "ok: it is free on this machine",
    "ok: it is taken by gateway g of this fleet",
    "warning: another program has it on this machine",
    "warning: this user may not listen there",
    "warning: nobody can listen there on this machine (EADDRNOTAVAIL)",
  ]);
  match(found[2]?.todo ?? "", /stop the other program, or choose another port \(SETTING\)/);
});

const MIB = 1024 * 1024;

const disks: readonly [string, Partial<CheckedDirectory>, Level, RegExp, RegExp?][] = [
  ["room", {}, "ok", /can be written to, and 524 MB of 1\.0 GB are free/],
  ["little room", { freeBytes: 200 * MIB, sizeBytes: 9_000 * MIB }, "warning", /free/, /make room/],
  ["no room", { freeBytes: 100 * MIB }, "problem", /105 MB of/, /make room/],
  [
    "no disk",
    { fault: "EROFS" },
    "problem",
    /cannot be written to \(EROFS\)/,
    /mounts it read-only/,
  ],
  ["nothing known of room", { freeBytes: null }, "ok", /can be written to$/],
  ["what is only read", { managed: false, freeBytes: 0 }, "ok", /can be read/],
  [
    "what cannot be read",
    ...([
      { managed: false, fault: "ENOENT" },
      "problem",
      /cannot be read/,
      /mount or make/,
    ] as const),
  ],
  ["another fault", { fault: "EWHAT" }, "problem", /EWHAT/, /system's log/],
];

for (const [given, differing, level, found, todo] of disks) {
  test(`judge() given ${given} says how a disk is`, () => {
    const directory: CheckedDirectory = {
      ...{ path: "/srv", managed: true, freeBytes: 500 * MIB, sizeBytes: 1_000 * MIB, fault: null },
      ...differing,
    };
    const store = { directories: [directory], unreadable: [], moreUnreadable: 0 };
    const fleet = givenFleet([
      givenGateway(),
      ...OTHERS,
      givenProcess("piece-store", {}, { store }),
    ]);
    for (const observed of [{ fleet }, { directories: [directory] }]) {
      const [finding] = judge(givenObserved(observed)).filter(({ check }) => check === "disks");
      deepEqual(finding?.level, level);
      match(finding?.found ?? "", found);
      if (todo !== undefined) match(finding?.todo ?? "", todo);
    }
  });
}

test("judge() given sources that failed says of each what to do", () => {
  const reason = "the reason";
  const unreadable = [
    { location: "s3://bucket/key", reason },
    { location: "https://host/file", reason },
    { location: "/srv/a", reason },
  ];
  const store = { directories: [], unreadable, moreUnreadable: 7 };
  const urls = ["s3://bucket/", "https://host/"];
  const well = { directories: [], unreadable: [], moreUnreadable: 0 };
  const fleet = givenFleet([
    ...[givenGateway(), ...OTHERS.filter(({ presence }) => presence.role !== "piece-store")],
    givenProcess("piece-store", { urls }, { store }),
    givenProcess("piece-store", { id: "b", urls }, { store: well }),
  ]);
  const found = judge(givenObserved({ fleet })).filter(({ check }) => check === "sources");
  const [s3, http, file, more, other] = found;
  match(s3?.todo ?? "", /S3_ENDPOINT/);
  match(http?.todo ?? "", /that the origin runs/);
  match(file?.todo ?? "", /disk is mounted/);
  match(more?.found ?? "", /7 more sources/);
  deepEqual([other?.level, found.length], ["ok", 5]);
});
