import { deepEqual, equal, ok, partialDeepStrictEqual } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { givenGateway } from "../handout/testing.ts";
import { NUM_WANT_DEFAULT } from "./announces.ts";
import { type Gate, OpenGate } from "./gate.ts";
import { type GivenAnnounce, givenCore } from "./testing.ts";

const SEED = { left: 0 } as const;
const PAUSED = { event: "paused" } as const;

/** A seed at port 101, a leecher at 102, a partial seed at 103. */
const SWARM_OF_ALL: readonly GivenAnnounce[] = [
  { ...SEED, port: 101 },
  { port: 102 },
  { ...PAUSED, port: 103 },
];

const told = [
  { asker: "a leecher", announce: {}, ports: [101, 102, 103] },
  { asker: "one that knows not what is left", announce: { left: null }, ports: [101, 102, 103] },
  { asker: "a seed", announce: SEED, ports: [102] },
  { asker: "a partial seed", announce: PAUSED, ports: [102] },
  { asker: "a seed that says paused", announce: { ...SEED, ...PAUSED }, ports: [102] },
  { asker: "a leecher that stops", announce: { event: "stopped" }, ports: [] },
  { asker: "a leecher that wants nobody", announce: { numWant: 0 }, ports: [] },
] as const;

for (const { asker, announce, ports } of told) {
  test(`answer() tells ${asker} of ${ports.join(", ") || "nobody"}`, () => {
    const { announce: ask } = givenCore();
    for (const each of SWARM_OF_ALL) ask({ ...each, numWant: 0 });
    const { peers, refused } = ask(announce);
    equal(refused, null);
    deepEqual(
      peers.toSorted(),
      ports.map((port) => `10.0.0.1:${port}`),
    );
  });
}

const states: readonly {
  readonly given: string;
  readonly then: readonly GivenAnnounce[];
  readonly counts: readonly [number, number, number, number];
}[] = [
  { given: "a leecher", then: [{}], counts: [0, 1, 0, 0] },
  { given: "a seed", then: [SEED], counts: [1, 0, 0, 0] },
  { given: "a partial seed", then: [PAUSED], counts: [0, 1, 1, 0] },
  {
    given: "one that completes",
    then: [{}, { ...SEED, event: "completed" }],
    counts: [1, 0, 0, 1],
  },
  { given: "completed by who lacks some", then: [{ event: "completed" }], counts: [0, 1, 0, 0] },
  { given: "a partial seed that goes on", then: [PAUSED, {}], counts: [0, 1, 0, 0] },
  { given: "one that stops", then: [{}, { event: "stopped" }], counts: [0, 0, 0, 0] },
  { given: "one that stops and was not there", then: [{ event: "stopped" }], counts: [0, 0, 0, 0] },
  { given: "both families", then: [{ otherHost: "2001:db8::1" }], counts: [0, 2, 0, 0] },
  {
    given: "both families that stop",
    then: [{ otherHost: "2001:db8::1" }, { otherHost: "2001:db8::1", event: "stopped" }],
    counts: [0, 0, 0, 0],
  },
  {
    given: "one download at two addresses",
    then: [{ ...SEED, event: "completed", otherHost: "2001:db8::1" }],
    counts: [2, 0, 0, 1],
  },
];

for (const { given, then, counts } of states) {
  test(`answer() and scrape() count ${given}`, () => {
    const { announce, scrape } = givenCore();
    const [last] = then.map((each) => announce(each)).slice(-1);
    const [seeders, leechers, partialSeeds, downloaded] = counts;
    deepEqual(scrape(), { seeders, leechers, partialSeeds, downloaded });
    partialDeepStrictEqual(last, { seeders, leechers, downloaded });
  });
}

test("answer() gives as many as are wanted, or the default", () => {
  const { announce } = givenCore();
  for (let port = 100; port < 400; port += 1) announce({ port, numWant: 0 });
  for (const numWant of [1, 50, 199, 200]) {
    const { peers } = announce({ numWant });
    equal(new Set(peers).size, numWant);
  }
  equal(announce().peers.length, NUM_WANT_DEFAULT);
});

test("answer() never hands out the asker, nor a family to the other", () => {
  const host = fc.constantFrom("10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8::2");
  const announce = fc.record({
    ...{ host, port: fc.integer({ min: 1, max: 3 }), left: fc.constantFrom(0, 1) },
    numWant: fc.constantFrom(1, 3, 50),
  });
  fc.assert(
    fc.property(fc.array(announce, { maxLength: 40 }), (announces) => {
      const core = givenCore({ gateways: [givenGateway("g", { host: "10.0.0.1", port: 2 })] });
      for (const each of announces) {
        const isIpv6 = each.host.includes("::");
        const { peers, others } = core.announce({
          ...each,
          otherHost: isIpv6 ? "10.0.0.1" : "2001:db8::1",
        });
        const own = core.announce(each);
        for (const told of [...peers, ...own.peers]) {
          equal(told.includes("db8"), isIpv6);
          ok(told !== `${each.host.replace("::", ":0:0:0:0:0:")}:${each.port}`);
        }
        equal(new Set([...peers, ...others]).size, peers.length + others.length);
        ok(peers.length + others.length <= each.numWant);
      }
    }),
    { numRuns: 200 },
  );
});

test("answer() jitters the interval, and asks a lonely leecher of a fleet back in a minute", () => {
  const { announce } = givenCore({ gate: givenFleetGate() });
  const isAbout = (intervalS: number, seconds: number): boolean =>
    Math.abs(intervalS - seconds) <= seconds / 10;
  const alone = announce();
  ok(isAbout(alone.intervalS, 60));
  equal(alone.minIntervalS, alone.intervalS);
  ok(isAbout(announce({ numWant: 0 }).intervalS, 1_800));
  ok(isAbout(announce({ ...SEED, port: 2 }).intervalS, 1_800));
  ok(isAbout(announce({ event: "stopped" }).intervalS, 1_800));
  const many = Array.from({ length: 200 }, () => announce({ port: 3 }));
  ok(many.every(({ intervalS }) => isAbout(intervalS, 1_800)));
  ok(many.every(({ minIntervalS }) => minIntervalS === 900));
  ok(new Set(many.map(({ intervalS }) => intervalS)).size > 50);
});

test("answer() given no fleet asks a lonely leecher back when the interval is over", () => {
  ok(givenCore().announce().intervalS >= 1_620);
});

test("answer() given a full tracker answers and does not remember", () => {
  const full = [{ peersMax: 1 }, { peersPerSwarmMax: 1 }, { swarmsMax: 1 }];
  for (const limits of full) {
    const { announce, swarms } = givenCore(limits);
    announce({ port: 1 });
    if ("swarmsMax" in limits) {
      const other = announce({ port: 2, infoHash: new Uint8Array(20) });
      deepEqual([other.refused, other.leechers, other.peers], [null, 0, []]);
    } else {
      deepEqual(announce({ port: 2 }).peers, ["10.0.0.1:1"]);
    }
    equal(swarms.peerCount, 1);
    equal(announce({ port: 1, event: "stopped" }).leechers, 0);
    announce({ port: 2 });
    equal(swarms.peerCount, 1);
  }
});

test("answer() hands out gateways of both families first, and counts them as seeds", () => {
  const gateways = [
    givenGateway("a", { host: "192.0.2.1" }),
    givenGateway("b", { host: "2001:db8::b", port: 9 }),
  ];
  const { announce, scrape, told } = givenCore({ gateways });
  announce({ ...SEED, port: 5 });
  const { peers, others, seeders } = announce({ event: "started" });
  deepEqual(peers, ["192.0.2.1:97", "10.0.0.1:5"]);
  deepEqual(others, ["2001:db8:0:0:0:0:0:b:9"]);
  equal(seeders, 3);
  partialDeepStrictEqual(scrape(), { seeders: 3, leechers: 1 });
  const overIpv6 = announce({ host: "2001:db8::1" });
  deepEqual([overIpv6.peers, overIpv6.others], [["2001:db8:0:0:0:0:0:b:9"], ["192.0.2.1:97"]]);
  deepEqual(announce({ ...SEED, downloaded: 1 }).others, []);
  // What aria2 says of a magnet.
  equal(announce({ ...SEED, event: "started" }).peers[0], "192.0.2.1:97");
  deepEqual(
    told.map(({ introducedTo }) => introducedTo),
    [null, "a", null, null, null],
  );
});

test("answer() draws everyone of the whole swarm equally often", () => {
  const [members, numWant, rounds] = [20, 5, 8_000];
  const { announce } = givenCore({ seed: 77 });
  for (let port = 1; port <= members; port += 1) {
    announce({ port, numWant: 0, left: port % 3 === 0 ? 0 : 1 });
  }
  const counts = new Map<string, number>();
  for (let round = 0; round < rounds; round += 1) {
    for (const peer of announce({ port: 1_000, numWant }).peers) {
      counts.set(peer, (counts.get(peer) ?? 0) + 1);
    }
  }
  const expected = (rounds * numWant) / members;
  const spread = (members - numWant) / (members - 1);
  const sum = [...counts.values()].reduce((total, n) => total + (n - expected) ** 2, 0);
  // What 19 degrees of freedom exceed once in a thousand runs.
  ok(counts.size === members && sum / (expected * spread) < 43.82, String(sum / expected));
});

/** Lets everything in, as an open one, of a fleet whose gateways are away. */
function givenFleetGate(): Gate {
  const { admit, swarmOf, admitScrape, zonesOf } = new OpenGate();
  return { hasGateways: true, admit, swarmOf, admitScrape, zonesOf };
}
