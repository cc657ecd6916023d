import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { createBus } from "@seedfleet/bus";
import { openEmbeddedBus } from "@seedfleet/bus-embedded";
import { infoHashFromBytes } from "@seedfleet/bytes";
import { type CatalogEntry, catalogChangedEvent } from "@seedfleet/contracts";
import { openCatalog } from "@seedfleet/fleet";
import { systemClock } from "@seedfleet/runtime";
import { silentTelemetry } from "@seedfleet/telemetry";
import { chokeTorrent } from "./choking.ts";
import { type ChokingOptions, parseChokingOptions } from "./choking-options.ts";

const INFO_HASH = infoHashFromBytes(new Uint8Array(20).fill(0xab));
const ENTRY: CatalogEntry = {
  ...{ infoHash: INFO_HASH, infoHashV2: null, version: "v1", aliases: [], name: "debian" },
  ...{ sizeBytes: 1, contentBytes: 1, pieceLengthBytes: 16_384, pieceCount: 1, fileCount: 1 },
  ...{ private: false, addedAtMs: 0 },
  sources: [{ holder: "store", shared: false, location: "/d", fingerprint: "0".repeat(64) }],
};
const UNSET = { policy: undefined, weight: undefined, superSeeding: undefined };

test("chokeTorrent() changes what it is told to, and tells the gateways", async () => {
  const ports = { clock: systemClock, telemetry: silentTelemetry };
  const bus = createBus(openEmbeddedBus({ file: null }), ports);
  const catalog = await openCatalog(bus, silentTelemetry.log);
  await catalog.publish(ENTRY, Uint8Array.of(1));
  const told: string[] = [];
  bus.subscribe(catalogChangedEvent, {}, ({ infoHash }) => void told.push(infoHash));
  const printed: string[] = [];
  const set = async (options: Partial<ChokingOptions>) => {
    const wanted = { ...UNSET, infoHash: INFO_HASH, json: true, ...options };
    await chokeTorrent({ bus }, wanted, (text) => printed.push(text));
    return (await catalog.find(INFO_HASH))?.choking;
  };
  const on = { policy: null, weight: 1, superSeeding: true };
  deepEqual(await set({ superSeeding: true }), on);
  deepEqual(await set({ policy: "legout", weight: 2 }), { ...on, policy: "legout", weight: 2 });
  deepEqual(await set({ policy: null, superSeeding: false, json: false }), {
    ...{ policy: null, weight: 2, superSeeding: false },
  });
  deepEqual(told, [INFO_HASH, INFO_HASH, INFO_HASH]);
  deepEqual(JSON.parse(printed[0] ?? ""), { event: "choking", infoHash: INFO_HASH, ...on });
  equal(printed[2], "debian: slots as gateways are set to, weight 2, super-seeding off\n");
  const unknown = { infoHash: infoHashFromBytes(new Uint8Array(20)) };
  await rejects(set({ ...unknown, weight: 3 }), { detail: { code: "torrent-unknown" } });
  await bus.close();
});

const accepted = [
  { args: ["--super-seeding", "on"], then: { ...UNSET, superSeeding: true } },
  { args: ["--super-seeding", "off"], then: { ...UNSET, superSeeding: false } },
  { args: ["--policy", "anti_leech"], then: { ...UNSET, policy: "anti_leech" } },
  { args: ["--policy", "default"], then: { ...UNSET, policy: null } },
  { args: ["--weight", "0.5"], then: { ...UNSET, weight: 0.5 } },
] as const;

for (const { args, then } of accepted) {
  test(`parseChokingOptions() given ${args.join(" ")}`, () => {
    const options = parseChokingOptions([INFO_HASH, ...args]);
    deepEqual(options, { infoHash: INFO_HASH, natsUrl: null, json: false, ...then });
  });
}

const refused = [
  { args: [], says: /info hash of 40 hex digits/ },
  { args: [INFO_HASH], says: /Say --policy, --weight or --super-seeding/ },
  { args: [INFO_HASH, "--policy", "fair"], says: /--policy is round_robin/ },
  { args: [INFO_HASH, "--weight", "0"], says: /--weight is a number from 0.001 to 1000/ },
  { args: [INFO_HASH, "--weight", "1e3"], says: /--weight is a number/ },
  { args: [INFO_HASH, "--super-seeding", "yes"], says: /--super-seeding is on or off/ },
] as const;

for (const { args, says } of refused) {
  test(`parseChokingOptions() given "${args.join(" ")}" says what to do`, async () => {
    await rejects(async () => parseChokingOptions(args), { message: says });
  });
}

test("parseChokingOptions() given --help", () => {
  equal(parseChokingOptions(["--help"]), "help");
});
