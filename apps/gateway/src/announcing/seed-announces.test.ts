import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { givenFields } from "@seedfleet/announce/testing";
import { type InfoHash, parseInfoHash, parseInfoHashV2 } from "@seedfleet/bytes";
import type { AnnouncedSeed, CatalogEntry } from "@seedfleet/contracts";
import { gatewaysOf } from "@seedfleet/fleet";
import { seededRng } from "@seedfleet/runtime";
import { Gathered, turn } from "@seedfleet/testkit";
import { givenTorrent } from "../testing-torrent.ts";
import { SEED_CHECK_INTERVAL_MS, type ServedCounts } from "./announced-seed-run.ts";
import { SEED_SETTLE_MS, SEED_SPACING_MS, SeedAnnounces } from "./seed-announces.ts";
import { type GivenClients, givenClients, givenHttpTracker } from "./testing.ts";
import { TrackerAnnounces } from "./tracker-announces.ts";

const INTERVAL_MS = 1_800_000;
const { infoHash, peerId } = givenFields();
const { entry } = givenTorrent("seeded");

test("SeedAnnounces announces what is ours by rank at the tracker's interval", async () => {
  await using given = await GivenSeeds.start();
  given.record();
  given.clients.clock.advance(SEED_SETTLE_MS - 1);
  await turn();
  equal(given.seeds.count, 0, "it first hears of the others");
  given.clients.clock.advance(1);
  deepEqual(await given.told.count(1), ["started left=0 numwant=0 uploaded=0"]);
  equal(given.seeds.count, 1);
  given.served = { sentBytes: 700, missingBytes: 0 };
  await given.answered(1);
  given.clients.clock.advance(INTERVAL_MS - 1);
  await turn();
  given.clients.clock.advance(1);
  await given.told.count(2);
  // Nobody came for a while, so that it was forgotten, and then somebody did.
  given.served = null;
  await given.answered(2);
  given.clients.clock.advance(INTERVAL_MS);
  await given.told.count(3);
  given.served = { sentBytes: 5, missingBytes: 0 };
  await given.answered(3);
  await given.seeds.stop(2_000);
  deepEqual(given.told.items.slice(1), [
    "null left=0 numwant=0 uploaded=700",
    "null left=0 numwant=0 uploaded=700",
    "stopped left=0 numwant=0 uploaded=705",
  ]);
});

test("SeedAnnounces of as many gateways as the record says, and no more, announce it", async () => {
  const ids = ["gateway-1", "gateway-2", "gateway-3", "gateway-4"];
  for (const gateways of [1, 2, 4]) {
    const announcing: string[] = [];
    for (const id of ids) {
      await using given = await GivenSeeds.start({ id, ids });
      given.record({ gateways });
      given.clients.clock.advance(SEED_SETTLE_MS);
      await turn();
      await turn();
      if (given.seeds.count === 1) announcing.push(id);
    }
    deepEqual(announcing, gatewaysOf({ infoHash, gateways }, ids).toSorted());
  }
});

test("SeedAnnounces takes over from a gateway that went, without haste", async () => {
  const [first = "", second = ""] = gatewaysOf({ infoHash, gateways: 2 }, ["a", "b"]);
  await using given = await GivenSeeds.start({ id: second, ids: [first, second] });
  given.record({ gateways: 1 });
  given.clients.clock.advance(10 * SEED_SETTLE_MS);
  given.ids = [second];
  given.seeds.changed();
  given.clients.clock.advance(SEED_SETTLE_MS - 1);
  given.ids = [first, second];
  given.seeds.changed();
  given.clients.clock.advance(SEED_SETTLE_MS);
  await turn();
  equal(given.seeds.count, 0, "it was away for a moment");
  given.ids = [second];
  given.isConnected = false;
  given.seeds.changed();
  given.clients.clock.advance(10 * SEED_SETTLE_MS);
  equal(given.seeds.count, 0, "nobody could be heard of");
  given.isConnected = true;
  given.ids = [second];
  given.seeds.changed();
  given.clients.clock.advance(SEED_SETTLE_MS);
  await given.told.count(1);
  await given.answered(1);
  given.ids = [first, second];
  given.seeds.changed();
  given.clients.clock.advance(SEED_SETTLE_MS - 1);
  equal(given.seeds.count, 1);
  given.ids = [second];
  given.seeds.changed();
  given.clients.clock.advance(SEED_SETTLE_MS);
  equal(given.seeds.count, 1);
  given.ids = [first, second];
  given.seeds.changed();
  given.clients.clock.advance(SEED_SETTLE_MS);
  deepEqual(events(await given.told.count(2)), ["started", "stopped"]);
  equal(given.seeds.count, 0);
});

test("SeedAnnounces says stopped at once when the record goes", async () => {
  await using given = await GivenSeeds.start();
  given.record();
  given.clients.clock.advance(SEED_SETTLE_MS);
  await given.told.count(1);
  await given.answered(1);
  given.unrecord();
  deepEqual(events(await given.told.count(2)), ["started", "stopped"]);
});

test("SeedAnnounces goes on with a download's announces, and tells nothing twice", async () => {
  await using given = await GivenSeeds.start();
  const announces = given.download();
  announces.start();
  await given.told.count(1);
  await given.answered(1);
  announces.completed();
  await given.told.count(2);
  given.seeds.adopt(given.seed(), { announces: [announces], downloadedBytes: 9 });
  await given.answered(2);
  given.record();
  given.clients.clock.advance(SEED_SETTLE_MS);
  await turn();
  equal(given.seeds.count, 1);
  given.clients.clock.advance(INTERVAL_MS);
  await given.told.count(3);
  await given.answered(3);
  given.unrecord();
  await given.told.count(4);
  deepEqual(events(given.told.items), ["started", "completed", "null", "stopped"]);
});

test("SeedAnnounces leaves what it downloaded if no record comes", async () => {
  await using given = await GivenSeeds.start();
  const announces = given.download();
  announces.start();
  await given.told.count(1);
  await given.answered(1);
  given.seeds.adopt(given.seed(), { announces: [announces], downloadedBytes: 9 });
  await given.told.count(2);
  await given.answered(2);
  given.clients.clock.advance(SEED_SETTLE_MS);
  deepEqual(events(await given.told.count(3)), ["started", "completed", "stopped"]);
  equal(given.seeds.count, 0);
});

test("SeedAnnounces leaves it to a download of ours, and goes on after that", async () => {
  await using given = await GivenSeeds.start();
  given.record();
  given.clients.clock.advance(SEED_SETTLE_MS);
  await given.told.count(1);
  await given.answered(1);
  given.seeds.hold(infoHash);
  given.seeds.changed();
  given.clients.clock.advance(2 * INTERVAL_MS);
  await turn();
  equal(given.told.items.length, 1, "the download says what there is to say");
  given.seeds.release(infoHash);
  given.seeds.changed();
  given.clients.clock.advance(SEED_SETTLE_MS);
  deepEqual(events(await given.told.count(2)), ["started", "started"]);
});

test("SeedAnnounces says what is left of a torrent, and ends with it", async () => {
  await using given = await GivenSeeds.start();
  given.entry = { ...entry, incomplete: true };
  given.record();
  given.clients.clock.advance(SEED_SETTLE_MS);
  await given.told.count(1);
  await given.answered(1);
  given.served = { sentBytes: 0, missingBytes: 99 };
  given.clients.clock.advance(INTERVAL_MS);
  await given.told.count(2);
  await given.answered(2);
  given.entry = entry;
  given.clients.clock.advance(SEED_CHECK_INTERVAL_MS);
  await turn();
  given.clients.clock.advance(INTERVAL_MS - SEED_CHECK_INTERVAL_MS);
  await given.told.count(3);
  await given.answered(3);
  const lefts = given.told.items.map((told) => /left=(\d+)/.exec(told)?.[1]);
  deepEqual(lefts, [String(entry.pieceLengthBytes), "99", "0"]);
  given.entry = null;
  given.clients.clock.advance(SEED_CHECK_INTERVAL_MS);
  deepEqual(events(await given.told.count(4)).at(-1), "stopped");
  deepEqual(given.removed, [infoHash]);
});

test("SeedAnnounces announces both swarms of a hybrid, in the DHT where wanted", async () => {
  await using given = await GivenSeeds.start();
  const infoHashV2 = parseInfoHashV2("cd".repeat(32));
  given.record({ infoHashV2, dht: true });
  given.clients.clock.advance(SEED_SETTLE_MS);
  await given.told.count(2);
  deepEqual([...given.inDht], [infoHash, parseInfoHash("cd".repeat(20))]);
  given.record({ infoHashV2 });
  await given.told.count(4);
  deepEqual([...given.inDht], []);
});

test("SeedAnnounces begins with one after the other", async () => {
  await using given = await GivenSeeds.start();
  const hashes = ["1", "2", "3"].map((digit) => parseInfoHash(digit.repeat(40)) ?? infoHash);
  for (const each of hashes) given.records.set(each, given.seed({ infoHash: each }));
  given.changed();
  const counts: number[] = [];
  for (let at = 0; at < 3; at += 1) {
    given.clients.clock.advance(at === 0 ? SEED_SETTLE_MS : SEED_SPACING_MS);
    await given.told.count(at + 1);
    counts.push(given.seeds.count);
  }
  deepEqual(counts, [1, 2, 3]);
});

test("SeedAnnounces given more trackers by the record announces to them, too", async () => {
  await using given = await GivenSeeds.start();
  given.record();
  given.clients.clock.advance(SEED_SETTLE_MS);
  await given.told.count(1);
  await given.answered(1);
  given.record({ trackers: [...given.seed().trackers, [given.otherUrl]] });
  await given.told.count(3);
  deepEqual(events(given.told.items), ["started", "started", "other started"]);
});

function events(told: readonly string[]): readonly (string | undefined)[] {
  return told.map((each) => each.split(" left")[0]);
}

/** One gateway's, with a tracker that says when to come again, and a second. */
class GivenSeeds implements AsyncDisposable {
  readonly clients: GivenClients;
  readonly told: Gathered<string>;
  readonly records = new Map<InfoHash, AnnouncedSeed>();
  readonly removed: InfoHash[] = [];
  readonly seeds: SeedAnnounces;
  readonly otherUrl: string;
  ids: readonly string[];
  entry: CatalogEntry | null = entry;
  served: ServedCounts | null = null;
  isConnected = true;
  /** The info hashes that are announced in the DHT. */
  readonly inDht = new Set<InfoHash>();
  readonly dht = {
    announce: (each: InfoHash): (() => void) => {
      this.inDht.add(each);
      return () => void this.inDht.delete(each);
    },
  };
  readonly #url: string;
  readonly #stack: AsyncDisposableStack;
  #now: ReadonlyMap<InfoHash, AnnouncedSeed> = new Map();

  private constructor(
    opened: { readonly told: Gathered<string>; readonly url: string; readonly otherUrl: string },
    { id, ids }: { readonly id: string; readonly ids: readonly string[] },
    stack: AsyncDisposableStack,
  ) {
    this.clients = givenClients();
    this.told = opened.told;
    this.#url = opened.url;
    this.otherUrl = opened.otherUrl;
    this.ids = ids;
    this.#stack = stack;
    stack.use(this.clients);
    const now = (): ReadonlyMap<InfoHash, AnnouncedSeed> => this.#now;
    this.seeds = new SeedAnnounces(
      {
        ...{ ...this.#ports(), dht: this.dht, gateways: () => this.ids },
        catalog: { find: () => Promise.resolve(this.entry) },
        servedCounts: () => this.served,
        isConnected: () => this.isConnected,
        seeds: { remove: (gone) => this.#remove(gone) },
        watch: {
          get now() {
            return now();
          },
          stop: () => {},
        },
      },
      { ownPeerId: peerId, port: 6881, gateway: id },
    );
    stack.defer(() => this.seeds.stop(0));
  }

  static async start(
    who: { readonly id: string; readonly ids: readonly string[] } = { id: "me", ids: ["me"] },
  ): Promise<GivenSeeds> {
    const stack = new AsyncDisposableStack();
    const told = new Gathered<string>();
    const open = async (prefix: string): Promise<string> => {
      const tracker = await givenHttpTracker((request, response) => {
        const query = new URL(request.url ?? "", "http://tracker.example").searchParams;
        const [left, numWant] = [query.get("left"), query.get("numwant")];
        const sent = `left=${left} numwant=${numWant} uploaded=${query.get("uploaded")}`;
        response.end(`d8:intervali${INTERVAL_MS / 1_000}e5:peers0:e`);
        told.add(`${prefix}${query.get("event")} ${sent}`);
      });
      stack.use(tracker);
      return `http://127.0.0.1:${tracker.port}/announce`;
    };
    const opened = { told, url: await open(""), otherUrl: await open("other ") };
    return new GivenSeeds(opened, who, stack);
  }

  seed(differing: Partial<AnnouncedSeed> = {}): AnnouncedSeed {
    return {
      ...{ infoHash, infoHashV2: null, name: "seeded", trackers: [[this.#url]] },
      ...{ gateways: 1, dht: false, sinceMs: 0, ...differing },
    };
  }

  record(differing: Partial<AnnouncedSeed> = {}): void {
    this.records.set(infoHash, this.seed(differing));
    this.changed();
  }

  unrecord(): void {
    this.records.delete(infoHash);
    this.changed();
  }

  changed(): void {
    this.#now = new Map(this.records);
    this.seeds.changed();
  }

  /** What a download announces itself by. */
  download(): TrackerAnnounces {
    const options = { infoHashes: [infoHash], peerId, port: 6881, key: 7 };
    return new TrackerAnnounces(
      this.#ports(),
      { ...options, trackers: this.seed().trackers },
      {
        peers: () => {},
        counts: () => ({ uploadedBytes: 0, downloadedBytes: 9, leftBytes: 0 }),
        wantsPeers: () => false,
      },
    );
  }

  /** Resolves once so many answers are taken. */
  async answered(count: number): Promise<void> {
    const { logs } = this.clients.telemetry.recorded;
    while (logs.filter(({ message }) => message === "tracker answered").length < count)
      await turn();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  #ports() {
    const { clock, telemetry, clients } = this.clients;
    return { clock, log: telemetry.log, chance: seededRng(1), clients };
  }

  #remove(gone: InfoHash): Promise<boolean> {
    this.removed.push(gone);
    this.records.delete(gone);
    this.changed();
    return Promise.resolve(true);
  }
}
