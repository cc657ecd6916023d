import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { type GatewayLimits, PROMISED_SHARE_MAX } from "@seedfleet/egress";
import fc from "fast-check";
import { givenTorrent } from "../testing-torrent.ts";
import { Torrent } from "../torrents/torrent.ts";
import { NO_PARTS } from "../upload/upload-limits.ts";
import { splitGatewayUpload, splitTorrentUpload, type UploadHolder } from "./split-upload.ts";

const GIVEN = givenTorrent("one");
const SETTINGS = {
  ...{ uploadBytesPerSecond: 1_000_000, torrentUploadBytesPerSecond: 500_000 },
  ...{ peerUploadBytesPerSecond: null, uploadPromises: {} },
};
const LIMITS = { uploadBytesPerSecond: SETTINGS.uploadBytesPerSecond, promises: {} };
const NO_LIMIT = { uploadBytesPerSecond: null, promises: {} };
const OF_SETTINGS = { settings: SETTINGS, parts: NO_PARTS };

type Told = number | null | readonly [Torrent, number];
type Promises = Readonly<Record<string, number>>;

function holder(
  wantedBytesPerSecond: number,
  peers: readonly (readonly [Torrent, number])[] = [],
): UploadHolder & {
  readonly told: Told[];
  readonly promises: Promises[];
  readonly limits: GatewayLimits[];
  readonly budgets: number[];
} {
  const told: Told[] = [];
  const promises: Promises[] = [];
  const limits: GatewayLimits[] = [];
  const budgets: number[] = [];
  const demand = { wantedBytesPerSecond, activePeers: 1 };
  return {
    ...{ told, promises, limits, budgets },
    demand: { gateway: demand, classes: new Map([["bulk", demand]]), torrents: new Map() },
    countServed: () => new Map(peers),
    setLimits(part) {
      told.push(part.uploadBytesPerSecond);
      promises.push(part.promises);
      limits.push(part);
    },
    setTorrent(torrent, { share, budgetBytesPerSecond }) {
      told.push([torrent, share]);
      budgets.push(budgetBytesPerSecond);
    },
  };
}

const holders = fc.array(
  fc.record({
    wanted: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.integer({ min: 0, max: 2e6 })),
    peers: fc.nat(20),
  }),
  { minLength: 1, maxLength: 8 },
);

test("splitGatewayUpload() gives out the whole limit, whatever is wanted", () => {
  fc.assert(
    fc.property(holders, (all) => {
      const threads = all.map(({ wanted }) => holder(wanted));
      splitGatewayUpload(threads, LIMITS);
      const parts = threads.flatMap(({ told }) => told.map(Number));
      const sum = parts.reduce((total, part) => total + part, 0);
      ok(Math.abs(sum - SETTINGS.uploadBytesPerSecond) < 1);
      ok(parts.every((part) => part > 0));
    }),
  );
});

test("splitGatewayUpload() gives out all of what a class is limited to", () => {
  fc.assert(
    fc.property(holders, fc.boolean(), (all, limited) => {
      const threads = all.map(({ wanted }) => holder(wanted));
      const classLimits = { bulk: 300_000, idle: 1_000 };
      splitGatewayUpload(threads, { ...(limited ? LIMITS : NO_LIMIT), classLimits });
      for (const [name, limit] of Object.entries(classLimits)) {
        const parts = threads.map(({ limits }) => limits[0]?.classLimits?.[name] ?? Number.NaN);
        ok(Math.abs(parts.reduce((sum, part) => sum + part, 0) - limit) < 1);
      }
      if (!limited) ok(threads.every(({ told }) => told[0] === null));
    }),
  );
});

test("splitGatewayUpload() given nothing to split yet", () => {
  const thread = holder(1, [[new Torrent(GIVEN.metainfo, GIVEN.entry), 1]]);
  splitGatewayUpload([thread], { uploadBytesPerSecond: 0, promises: { rare: 0.5 } });
  deepEqual(thread.limits, [{ uploadBytesPerSecond: 0, promises: { rare: 0 }, classLimits: {} }]);
});

const classed = fc.array(fc.record({ rare: fc.nat(3), old: fc.nat(3), others: fc.nat(9) }), {
  minLength: 1,
  maxLength: 6,
});

test("splitGatewayUpload() keeps promises over all holders, where their peers are", () => {
  const uploadPromises = { rare: 0.2, old: 0.1, absent: 0.3 };
  const [rare, old, other] = ["rare", "old", null].map(
    (name) =>
      new Torrent(GIVEN.metainfo, {
        ...GIVEN.entry,
        upload: { bytesPerSecond: null, class: name },
      }),
  );
  ok(rare !== undefined && old !== undefined && other !== undefined);
  fc.assert(
    fc.property(classed, (all) => {
      const threads = all.map((peers) =>
        holder(Number.POSITIVE_INFINITY, [
          [rare, peers.rare],
          [old, peers.old],
          [other, peers.others],
        ]),
      );
      splitGatewayUpload(threads, { ...LIMITS, promises: uploadPromises });
      const promised = (name: string): number =>
        threads.reduce(
          (sum, { told, promises }) => sum + Number(told[0]) * (promises[0]?.[name] ?? 0),
          0,
        );
      for (const [name, share] of [
        ["rare", 0.2],
        ["old", 0.1],
      ] as const) {
        const count = all.reduce((sum, peers) => sum + peers[name], 0);
        const wanted = count === 0 ? 0 : share * SETTINGS.uploadBytesPerSecond;
        // A holder that has nothing but promises keeps a tenth of its part free of them.
        ok(promised(name) <= wanted + 1 && promised(name) >= 0.9 * wanted - 1);
      }
      equal(promised("absent"), 0);
      const sum = threads.reduce((total, { told }) => total + Number(told[0]), 0);
      ok(Math.abs(sum - SETTINGS.uploadBytesPerSecond) < 1);
      for (const { promises } of threads) {
        const shares = Object.values(promises[0] ?? {});
        ok(shares.reduce((total, share) => total + share, 0) <= PROMISED_SHARE_MAX + 1e-9);
      }
    }),
  );
});

test("splitGatewayUpload() gives others what a promised class does not want", () => {
  const rare = new Torrent(GIVEN.metainfo, {
    ...GIVEN.entry,
    upload: { bytesPerSecond: null, class: "rare" },
  });
  const slow = holder(10_000, [[rare, 1]]);
  const greedy = holder(Number.POSITIVE_INFINITY);
  splitGatewayUpload([slow, greedy], { ...LIMITS, promises: { rare: 0.5 } });
  ok(Number(greedy.told[0]) > 0.97 * SETTINGS.uploadBytesPerSecond, `${greedy.told[0]}`);
});

test("splitTorrentUpload() gives out the whole limit by peers that may download", () => {
  fc.assert(
    fc.property(holders, (all) => {
      const torrent = new Torrent(GIVEN.metainfo, GIVEN.entry);
      const threads = all.map(({ peers }) => holder(0, [[torrent, peers]]));
      splitTorrentUpload(threads, [torrent], OF_SETTINGS);
      const count = all.reduce((sum, { peers }) => sum + peers, 0);
      const parts = threads.flatMap(({ told }) => told.map(partOf));
      for (const [index, { peers }] of all.entries()) {
        if (peers > 0) ok(Math.abs((parts[index] ?? 0) - peers / count) < 1e-9);
        // Whoever has nobody can begin with somebody.
        else ok((parts[index] ?? 0) > 0);
      }
    }),
  );
});

test("splitTorrentUpload() tells of each torrent by its own peers, and of its entry", () => {
  const [one, two] = [GIVEN, givenTorrent("two")].map(
    ({ metainfo, entry }) => new Torrent(metainfo, entry),
  );
  ok(one !== undefined && two !== undefined);
  const threads = [
    holder(0, [
      [one, 3],
      [two, 1],
    ]),
    holder(0, [[one, 1]]),
  ];
  splitTorrentUpload(threads, [one, two], OF_SETTINGS);
  deepEqual(
    threads.map(({ told }) => told),
    [
      [
        [one, 3 / 4],
        [two, 1],
      ],
      [
        [one, 1 / 4],
        [two, 1],
      ],
    ],
  );
  // Of a torrent without a limit each has all there is.
  const free = holder(0, [[one, 1]]);
  const other = holder(0, [[one, 1]]);
  const settings = { ...SETTINGS, torrentUploadBytesPerSecond: null };
  splitTorrentUpload([free, other], [one], { ...OF_SETTINGS, settings });
  deepEqual(free.told, [[one, 1]]);
});

test("splitTorrentUpload() gives out a torrent's budget by peers, and never more", () => {
  const torrent = new Torrent(GIVEN.metainfo, GIVEN.entry);
  const parts = { ...NO_PARTS, torrents: new Map([[torrent, 1_000]]) };
  const threads = [holder(0, [[torrent, 3]]), holder(0, [[torrent, 1]]), holder(0)];
  splitTorrentUpload(threads, [torrent], { ...OF_SETTINGS, parts });
  deepEqual(
    threads.flatMap(({ budgets }) => budgets),
    [750, 250, 0],
  );
});

function partOf(told: Told): number {
  return told === null || typeof told === "number" ? Number.NaN : told[1];
}
