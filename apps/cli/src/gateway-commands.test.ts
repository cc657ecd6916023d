import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import {
  drainCall,
  type GatewayPresence,
  type PreheatProgress,
  type Presence,
  preheatCall,
} from "@seedfleet/contracts";
import { SeedfleetError } from "@seedfleet/runtime";
import { drainGateway } from "./drain.ts";
import { GivenFleet, givenEntry, givenInfoHash } from "./fleet-testing.ts";
import { listGateways } from "./gateways.ts";
import { preheatTorrent } from "./preheat.ts";
import { eventsOf } from "./testing.ts";

const HASH = givenInfoHash("ab");
const ASKED = { infoHash: HASH, pieces: null, gateway: null, json: false } as const;

const WORK: GatewayPresence = {
  ...{ peers: 12, peersMax: 4_096, uploadBytesPerSecond: 41_200_000 },
  ...{ cacheBytes: 240_000_000, cacheBytesMax: 268_435_456, hot: [], reachable: true },
};

/** Says that a gateway is there, as often as it is asked. */
async function announce(
  given: GivenFleet,
  id: string,
  {
    work = {},
    ...differing
  }: Partial<Presence> & { readonly work?: Partial<GatewayPresence> } = {},
): Promise<void> {
  const peerAddress = { host: "192.0.2.1", port: 6881 };
  const gateway = { ...WORK, ...work };
  const startedAtMs = given.clock.nowMs() - 3_600_500;
  await given.announce(id, { role: "gateway", peerAddress, gateway, startedAtMs, ...differing });
}

test("seedfleet gateways given none says so, and as JSON nothing", async () => {
  await using given = new GivenFleet();
  await Promise.all([true, false].map((json) => listGateways(given, { ...given, json })));
  deepEqual(given.printed, ["No gateway is running\n"]);
});

test("seedfleet gateways tells how each is, also one on its way out", async () => {
  await using given = new GivenFleet();
  const catalog = await given.catalog();
  await catalog.publish(givenEntry("debian\x1b[31m"), new Uint8Array());
  const hot = [HASH, ...["1", "2", "3", "4"].map(givenInfoHash)];
  await announce(given, "gateway-2", {
    ...{ draining: true, load: 0.256, peerAddress: { host: "2001:db8::1", port: 1 }, zone: "eu" },
    work: { reachable: false, hot },
  });
  await announce(given, "gateway-1");
  await announce(given, "gateway-3", { peerAddress: null, work: { reachable: null } });

  await listGateways(given, { ...given, json: false });
  equal(
    given.printed
      .splice(0)
      .join("")
      .replaceAll(/\d+ s$/gm, "N s"),
    `gateway-1  192.0.2.1:6881  reachable
  12 of 4096 peers, 0 % full  41.2 MB/s  cache 240 MB of 268 MB  up 1 h 0 min
gateway-2  [2001:db8::1]:1  zone eu, NOT REACHABLE, draining
  12 of 4096 peers, 26 % full  41.2 MB/s  cache 240 MB of 268 MB  up 1 h 0 min
  hot: debian\\u{1b}[31m  ${HASH}
  hot: no longer published  ${givenInfoHash("1")}
  hot: no longer published  ${givenInfoHash("2")}
  and 2 more hot torrents
gateway-3  no address  not known whether reachable
  12 of 4096 peers, 0 % full  41.2 MB/s  cache 240 MB of 268 MB  up 1 h 0 min
`,
  );

  await listGateways(given, { ...given, json: true });
  const [, second] = eventsOf(given.printed.join(""));
  const { upMs, ...rest } = second ?? { event: "" };
  equal(typeof upMs, "number");
  deepEqual(rest, {
    ...{ event: "gateway", id: "gateway-2", version: "0.1.0", draining: true, load: 0.256 },
    ...{
      peerAddress: { host: "2001:db8::1", port: 1 },
      zone: "eu",
      ...WORK,
      reachable: false,
      hot,
    },
  });
});

const WHOLE: PreheatProgress = {
  ...{ wantedPieces: 3, wantedBytes: 3_000_000, leftOutPieces: 0 },
  ...{ broughtPieces: 3, broughtBytes: 3_000_000, cachedPieces: 0, missingPieces: 0 },
};
const BEGUN: PreheatProgress = { ...WHOLE, broughtPieces: 0, broughtBytes: 0 };

/** A gateway that is there and answers so. */
async function preheating(
  given: GivenFleet,
  gateway: string,
  last: Partial<PreheatProgress> | SeedfleetError,
): Promise<void> {
  await announce(given, gateway);
  given.bus.serveStream(preheatCall, { params: { gateway } }, async function* () {
    if (last instanceof SeedfleetError) throw last;
    yield BEGUN;
    yield { ...WHOLE, ...last };
  });
}

test("seedfleet preheat has every gateway do it but those on their way out", async () => {
  await using given = new GivenFleet();
  await preheating(given, "gateway-1", {});
  await preheating(given, "gateway-2", { broughtPieces: 1, cachedPieces: 2, leftOutPieces: 7 });
  await announce(given, "gateway-3", { draining: true });
  await preheatTorrent(given, ASKED, given.print);
  deepEqual(given.printed.splice(0).toSorted(), [
    "gateway-1  bringing 3 pieces, 3.0 MB\n",
    "gateway-1  brought 3 pieces, 3.0 MB\n",
    "gateway-2  bringing 3 pieces, 3.0 MB\n",
    "gateway-2  brought 1 piece, 3.0 MB; 2 had been there; no room for 7 more\n",
  ]);

  await preheatTorrent(given, { ...ASKED, gateway: "gateway-1", json: true }, given.print);
  const told = { gateway: "gateway-1", infoHash: HASH };
  deepEqual(eventsOf(given.printed.join("")), [
    { event: "preheating", ...told, ...BEGUN },
    { event: "preheating", ...told, ...WHOLE },
    { event: "preheated", ...told, ...WHOLE },
  ]);
});

test("seedfleet preheat fails with a gateway's own words, and tells of the others", async () => {
  await using given = new GivenFleet();
  const refusal = new SeedfleetError("Cannot preheat: it is \x1b[2Jbusy", { code: "gateway-busy" });
  await preheating(given, "gateway-1", refusal);
  await preheating(given, "gateway-2", {});
  // It was heard of, and is gone.
  await announce(given, "gateway-3");
  await rejects(preheatTorrent(given, ASKED, given.print), {
    message: `Cannot preheat ${HASH} at 2 of 3 gateways: Cannot preheat: it is \x1b[2Jbusy`,
    detail: { code: "gateway-busy" },
  });
  deepEqual(given.printed.toSorted().slice(0, 1), [
    "gateway-1  Cannot preheat: it is \\u{1b}[2Jbusy\n",
  ]);
  equal(given.printed.filter((line) => line.includes("brought 3 pieces")).length, 1);
});

test("seedfleet preheat fails where a piece could not be had", async () => {
  await using given = new GivenFleet();
  await preheating(given, "gateway-1", { broughtPieces: 2, missingPieces: 1 });
  await rejects(preheatTorrent(given, ASKED, given.print), {
    message: `Cannot preheat ${HASH} at 1 of 1 gateway: 1 piece could not be had`,
    detail: { code: "pieces-missing" },
  });
});

test("seedfleet preheat says which gateways there are", async () => {
  await using given = new GivenFleet();
  await announce(given, "gateway-1");
  await rejects(preheatTorrent(given, { ...ASKED, gateway: "gateway-9" }, given.print), {
    message: 'Cannot preheat: no gateway "gateway-9" is running, but gateway-1',
    detail: { code: "gateway-unknown" },
  });
});

test("seedfleet drain waits until nobody answers any more", async () => {
  await using given = new GivenFleet();
  let left = 3;
  const serving = given.bus.serve(drainCall, { params: { gateway: "gateway-1" } }, () => {
    left -= 1;
    if (left === 0) setImmediate(() => serving.unsubscribe());
    return { peers: left };
  });
  await drainGateway(given, { gateway: "gateway-1", json: true }, given.print);
  equal(left, 0);
  deepEqual(eventsOf(given.printed.join("")), [
    { event: "draining", gateway: "gateway-1", peers: 2 },
    { event: "drained", gateway: "gateway-1" },
  ]);
});

test("seedfleet drain given no such gateway says so", async () => {
  await using given = new GivenFleet();
  await rejects(drainGateway(given, { gateway: "gateway-9", json: false }, given.print), {
    message: "Cannot drain gateway-9: no such gateway is running; see seedfleet gateways",
    detail: { code: "gateway-unknown" },
  });
  deepEqual(given.printed, []);
});
