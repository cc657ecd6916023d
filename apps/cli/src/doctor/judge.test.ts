import { deepEqual, equal, match, ok } from "node:assert/strict";
import { test } from "node:test";
import type { AskedStore, InspectedStore } from "@seedfleet/bus-nats";
import type { CheckedProcess } from "@seedfleet/contracts";
import fc from "fast-check";
import { CHECKS } from "./finding.ts";
import { judge } from "./judge.ts";
import type { Looked, Observed, ObservedBus } from "./observed.ts";
import { findingsJson, findingsText } from "./tell-findings.ts";
import {
  givenFleet,
  givenGateway,
  givenNats,
  givenObserved,
  givenProcess,
  NOW_MS,
  notOk,
  OTHERS,
} from "./testing.ts";

test("judge() given a fleet that is well finds nothing to do", () => {
  const findings = judge(givenObserved());
  deepEqual(notOk({}), []);
  ok(findings.length > 8);
  ok(findings.every(({ todo }) => todo === null));
});

type Case = {
  readonly given: string;
  readonly observed: Partial<Observed>;
  /** Level and check, and words of what was found and of what to do. */
  readonly then: readonly (readonly ["warning" | "problem", string, RegExp, RegExp])[];
};

function failed(code: string | null): Looked<never> {
  return { kind: "failed", code, reason: "because" };
}

function busOf(looked: (ObservedBus & { kind: "nats" })["looked"]): Partial<Observed> {
  return {
    bus: { kind: "nats", servers: ["nats://a"], replicas: 1, looked },
    ...{ fleet: null, gateways: [] },
  };
}

function store(differing: Partial<InspectedStore> = {}): InspectedStore {
  const asked: AskedStore = { kind: "key-value", name: "one" };
  return {
    ...{ ...asked, stream: "KV_one", state: "there", reason: null, replicas: 1 },
    ...{ hasLeader: true, copies: [] },
    ...differing,
  };
}

const buses: readonly Case[] = [
  {
    given: "a bus that nobody serves",
    observed: busOf(failed("bus-unreachable")),
    then: [["problem", "bus", /^NATS does not answer$/, /start nats-server -js .* --data-dir$/]],
  },
  {
    given: "a bus that refuses the credentials",
    observed: busOf(failed("bus-unauthorized")),
    then: [["problem", "bus", /refuses the credentials/, /SEEDFLEET_NATS_PASSWORD/]],
  },
  {
    given: "a bus that hangs",
    observed: busOf({ kind: "late", afterMs: 5_000 }),
    then: [["problem", "bus", /within 5 s/, /firewalls/]],
  },
  {
    given: "a bus that went away",
    observed: busOf(failed(null)),
    then: [["problem", "bus", /went away while it was asked: because/, /nats-server runs/]],
  },
  {
    given: "no up with this data directory",
    observed: {
      ...{ bus: { kind: "embedded", dataDir: "/d", isRunning: false }, fleet: null, gateways: [] },
    },
    then: [["problem", "bus", /no seedfleet up runs/, /--data-dir/]],
  },
  {
    given: "a bus that is far away",
    observed: { bus: givenNats({ roundTripMs: 150 }) },
    then: [["warning", "bus", /answers in 150 ms/, /same region/]],
  },
  {
    given: "no JetStream",
    observed: { bus: givenNats({ jetStream: { kind: "off", reason: "not enabled" } }) },
    then: [["problem", "bus", /JetStream is off \(not enabled\)/, /nats-server with -js/]],
  },
  {
    given: "JetStream without a leader",
    observed: { bus: givenNats({ jetStream: { kind: "silent" } }) },
    then: [["problem", "bus", /JetStream does not answer/, /more than half/]],
  },
  {
    given: "a user who may not ask JetStream, nor listen at its inbox",
    observed: { bus: givenNats({ jetStream: { kind: "refused" }, refused: ["_INBOX.>"] }) },
    then: [
      ["problem", "bus", /may not use _INBOX\.>$/, /SEEDFLEET_NATS_INBOX/],
      ["warning", "bus", /may not ask how JetStream is/, /users\.conf/],
    ],
  },
  {
    given: "a user who may not do five things",
    observed: { bus: givenNats({ refused: ["a", "b", "c", "d", "e"] }) },
    then: [["problem", "bus", /may not use a, b, c and 2 more$/, /users\.conf gives the user cli/]],
  },
  ...(
    [
      [90, "warning"],
      [100, "problem"],
    ] as const
  ).map(([storageBytes, level]): Case => {
    const jetStream = { kind: "on", storageBytes, storageBytesMax: 100 } as const;
    return {
      given: `JetStream that keeps ${storageBytes} of 100 bytes`,
      observed: { bus: givenNats({ jetStream }) },
      then: [[level, "bus", /of 100 B$/, /raise what JetStream may keep/]],
    };
  }),
  {
    given: "a bucket without a leader, and one that JetStream does not tell of",
    observed: {
      bus: givenNats({
        stores: [store({ hasLeader: false }), store({ name: "two", state: "silent" })],
      }),
    },
    then: [
      ["problem", "bus", /does not tell of two \(no answer\)/, /log of nats-server/],
      ["problem", "bus", /KV_one has no leader/, /more than half/],
    ],
  },
  {
    given: "copies that are away and behind",
    observed: {
      bus: givenNats({
        serverCount: 3,
        stores: [
          store({
            replicas: 3,
            copies: [
              { server: "n2", current: false, offline: true },
              { server: "n3", current: false, offline: false },
            ],
          }),
        ],
      }),
    },
    then: [
      ["warning", "bus", /copy of KV_one at n2 is away/, /start that server/],
      ["warning", "bus", /copy of KV_one at n3 lags behind/, /wait for it/],
    ],
  },
  {
    given: "a cluster that keeps one copy",
    observed: { bus: givenNats({ serverCount: 3, stores: [store()] }) },
    then: [["warning", "bus", /cluster of 3 keeps one copy/, /REPLICAS=3.*nats stream edit/]],
  },
  {
    given: "more copies asked for than there are servers, and are there",
    observed: { bus: { ...givenNats({ stores: [store()] }), replicas: 3 } as ObservedBus },
    then: [
      ["problem", "bus", /asks for 3 servers, and NATS has 1$/, /no more than there are servers/],
      ["warning", "bus", /asks for 3 copies, and one has fewer/, /edit KV_one --replicas=3/],
    ],
  },
];

const processes: readonly Case[] = [
  {
    given: "nobody on the bus",
    observed: { fleet: givenFleet([]), gateways: [] },
    then: [["problem", "processes", /no service is on the bus/, /start the five services/]],
  },
  {
    given: "a fleet that could not be asked",
    observed: { fleet: { kind: "late", afterMs: 20_000 }, gateways: [] },
    then: [["problem", "processes", /no answer in 20 s/, /services' logs/]],
  },
  {
    given: "no console and no scheduler",
    observed: { fleet: givenFleet([givenGateway(), ...OTHERS.slice(0, 2)]) },
    then: [
      ["warning", "processes", /no choking-scheduler runs/, /start a choking-scheduler/],
      ["warning", "processes", /no console runs/, /start a console/],
    ],
  },
  {
    given: "a gateway alone that is on its way out",
    observed: { fleet: givenFleet([givenGateway({}, { draining: true }), ...OTHERS]) },
    then: [["problem", "processes", /every gateway is on its way out/, /start a gateway/]],
  },
  {
    given: "two of one name",
    observed: { fleet: givenFleet([givenGateway(), ...OTHERS, givenProcess("tracker")]) },
    then: [["problem", "processes", /2 processes go by this name/, /SEEDFLEET_ID of its own/]],
  },
  {
    given: "one that does not say how it is, and one that hangs",
    observed: {
      fleet: givenFleet([
        ...[givenGateway(), ...OTHERS],
        givenProcess("tracker", { id: "old" }, null),
        { ...givenProcess("piece-store", { id: "hung" }, null), failure: "bus-timeout" },
      ]),
    },
    then: [
      ["warning", "processes", /does not say how it is \(bus-no-responders\)/, /update it/],
      ["problem", "processes", /is there but does not say how it is$/, /disk that it reads hangs/],
    ],
  },
  {
    given: "several versions",
    observed: {
      fleet: givenFleet([givenGateway(), ...OTHERS, givenProcess("tracker", older("2.0.0"))]),
    },
    then: [["warning", "versions", /1\.0\.0 \(5\), 2\.0\.0 \(tracker b\)$/, /finish the update/]],
  },
  {
    given: "a fleet of another version than the command",
    observed: { version: "3.0.0" },
    then: [
      ["warning", "versions", /every process is 1\.0\.0, and this command 3\.0\.0/, /use the/],
    ],
  },
  {
    given: "several versions of Node",
    observed: {
      fleet: givenFleet([
        ...[givenGateway(), ...OTHERS],
        givenProcess("tracker", { id: "b" }, { node: "v24.1.0" }),
      ]),
    },
    then: [["warning", "versions", /of Node: 26 \(5\), 24 \(tracker b\)/, /npm ci/]],
  },
  {
    given: "settings that no service starts with",
    observed: { settingsFault: "Cannot use SEEDFLEET_X: there is no such setting" },
    then: [["problem", "settings", /SEEDFLEET_X/, /correct it/]],
  },
];

function older(version: string): { readonly id: string; readonly version: string } {
  return { id: "b", version };
}

function skewed(aheadMs: number): readonly CheckedProcess[] {
  return [
    givenGateway(),
    ...OTHERS,
    givenProcess("tracker", { id: "b" }, { nowMs: NOW_MS + aheadMs }),
  ];
}

const clocks: readonly Case[] = [
  {
    given: "a clock that is 3 s behind",
    observed: { fleet: givenFleet(skewed(-3_000)) },
    then: [["warning", "clocks", /its clock is 3 s behind/, /chrony/]],
  },
  {
    given: "a clock that is ten minutes ahead",
    observed: { fleet: givenFleet(skewed(600_000)) },
    then: [["problem", "clocks", /its clock is 10 min 0 s ahead of this/, /chrony/]],
  },
  {
    given: "NATS's clock ahead",
    observed: { bus: givenNats({ clockAheadMs: 2_500 }) },
    then: [["warning", "clocks", /3 s ahead of/, /chrony/]],
  },
];

for (const { given, observed, then } of [...buses, ...processes, ...clocks]) {
  test(`judge() given ${given} says what to do`, () => expectFound(observed, then));
}

function expectFound(observed: Partial<Observed>, then: Case["then"]): void {
  const found = notOk(observed);
  deepEqual(
    found.map(([level, check]) => [level, check]),
    then.map(([level, check]) => [level, check]),
    JSON.stringify(found),
  );
  for (const [at, [, , said, todo]] of then.entries()) {
    match(found[at]?.[2] ?? "", said);
    match(found[at]?.[3] ?? "", todo);
  }
}

test("judge() given any clock warns beyond the limit and not within", () => {
  fc.assert(
    fc.property(fc.integer({ min: -1_000_000, max: 1_000_000 }), (aheadMs) => {
      const levels = notOk({ fleet: givenFleet(skewed(aheadMs)) }).map(([level]) => level);
      const skewMs = Math.abs(aheadMs);
      deepEqual(levels, skewMs < 2_000 ? [] : [skewMs < 300_000 ? "warning" : "problem"]);
    }),
  );
});

test("whatever is found comes in order, with what to do exactly where it is not ok", () => {
  const pick = fc.constantFrom(...[...buses, ...processes, ...clocks].map((each) => each.observed));
  fc.assert(
    fc.property(pick, pick, pick, (one, two, three) => {
      const findings = judge(givenObserved({ ...one, ...two, ...three }));
      for (const { level, todo } of findings) equal(level === "ok", todo === null);
      const order = findings.map(({ check }) => CHECKS.indexOf(check));
      deepEqual(
        order,
        order.toSorted((a, b) => a - b),
      );
    }),
  );
});

test("findings are told without passwords of URLs and without what a terminal obeys", () => {
  const observed = givenObserved({
    ...{ settingsFault: "see https://user:hunter2@host/x and nats://u:p@a\u001b[31m" },
  });
  const findings = judge(observed);
  for (const told of [findingsText(findings), findingsJson(findings)]) {
    ok(!/hunter2|u:p@/.test(told) && !told.includes("\u001b"), told);
    match(told, /https:\/\/…@host\/x/);
  }
  match(findingsText(findings), /^settings\n {2}PROBLEM {2}this machine: see https/);
  match(findingsText(findings), /\n1 problem, 0 warnings, \d+ ok\n$/);
  const last = JSON.parse(findingsJson(findings).trim().split("\n").at(-1) ?? "");
  deepEqual([last.event, last.problems, last.warnings], ["doctor", 1, 0]);
});
