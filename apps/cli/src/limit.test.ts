import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { test } from "node:test";
import { createBus } from "@seedfleet/bus";
import { openEmbeddedBus } from "@seedfleet/bus-embedded";
import { parseInfoHash } from "@seedfleet/bytes";
import { type CatalogEntry, catalogChangedEvent } from "@seedfleet/contracts";
import { openCatalog } from "@seedfleet/fleet";
import { systemClock } from "@seedfleet/runtime";
import { silentTelemetry } from "@seedfleet/telemetry";
import { limitTorrent } from "./limit.ts";
import { LIMIT_USAGE, type LimitOptions, parseLimitOptions } from "./limit-options.ts";

const INFO_HASH = parseInfoHash("ab".repeat(20)) ?? fail();
const ENTRY: CatalogEntry = {
  ...{ infoHash: INFO_HASH, infoHashV2: null, version: "v1", aliases: [], name: "debian" },
  ...{ sizeBytes: 1, contentBytes: 1, pieceLengthBytes: 16_384, pieceCount: 1, fileCount: 1 },
  ...{ private: false, addedAtMs: 0 },
  sources: [{ holder: "store", shared: false, location: "/d", fingerprint: "0".repeat(64) }],
};

const UNSET = {
  ...{ bytesPerSecond: undefined, fleetBytesPerSecond: undefined, class: undefined },
  zones: undefined,
};

test("limitTorrent() changes what it is told to, and tells the gateways", async () => {
  const bus = createBus(openEmbeddedBus({ file: null }), {
    clock: systemClock,
    telemetry: silentTelemetry,
  });
  const catalog = await openCatalog(bus, silentTelemetry.log);
  await catalog.publish(ENTRY, Uint8Array.of(1));
  const told: string[] = [];
  bus.subscribe(catalogChangedEvent, {}, ({ infoHash }) => void told.push(infoHash));
  const printed: string[] = [];
  const limited = async (options: Partial<LimitOptions>) => {
    const wanted = { ...UNSET, json: true, ...options };
    await limitTorrent({ bus }, { infoHash: INFO_HASH, ...wanted }, (text) => printed.push(text));
    return (await catalog.find(INFO_HASH))?.upload;
  };
  deepEqual(await limited({ bytesPerSecond: 500 }), { bytesPerSecond: 500, class: null });
  deepEqual(await limited({ class: "rare" }), { bytesPerSecond: 500, class: "rare" });
  deepEqual(await limited({ bytesPerSecond: null }), { bytesPerSecond: null, class: "rare" });
  deepEqual(told, [INFO_HASH, INFO_HASH, INFO_HASH]);
  equal(JSON.parse(printed[1] ?? "").bytesPerSecond, 500);
  await limited({ json: false, bytesPerSecond: 1024 });
  match(printed[3] ?? "", /^debian: 1KiB\/s, label rare, any zone\n$/);

  const unknown = { infoHash: parseInfoHash("cd".repeat(20)) ?? fail() };
  await rejects(limited(unknown), { detail: { code: "torrent-unknown" } });
  await bus.close();
});

test("limitTorrent() keeps a torrent to zones, and lets it go again", async () => {
  const bus = createBus(openEmbeddedBus({ file: null }), {
    clock: systemClock,
    telemetry: silentTelemetry,
  });
  const catalog = await openCatalog(bus, silentTelemetry.log);
  await catalog.publish(ENTRY, Uint8Array.of(1));
  const printed: string[] = [];
  const limited = async (zones: readonly string[] | null, json = true) => {
    const wanted = { ...UNSET, zones, json };
    await limitTorrent({ bus }, { infoHash: INFO_HASH, ...wanted }, (text) => printed.push(text));
    return catalog.find(INFO_HASH);
  };
  deepEqual(await limited(["eu", "us"]), { ...ENTRY, zones: ["eu", "us"] });
  deepEqual(JSON.parse(printed[0] ?? "").zones, ["eu", "us"]);
  await limited(["eu"], false);
  equal(printed[1], "debian: no limit of its own, no label, zone eu\n");
  deepEqual(await limited(null), ENTRY);
  equal(JSON.parse(printed[2] ?? "").zones, null);
  await bus.close();
});

test("limitTorrent() sets a budget, and takes it away", async () => {
  const bus = createBus(openEmbeddedBus({ file: null }), {
    clock: systemClock,
    telemetry: silentTelemetry,
  });
  const catalog = await openCatalog(bus, silentTelemetry.log);
  await catalog.publish(ENTRY, Uint8Array.of(1));
  const printed: string[] = [];
  const limited = async (options: Partial<LimitOptions>) => {
    const wanted = { ...UNSET, json: false, ...options };
    await limitTorrent({ bus }, { infoHash: INFO_HASH, ...wanted }, (text) => printed.push(text));
    return (await catalog.find(INFO_HASH))?.upload;
  };
  const budget = { bytesPerSecond: null, class: "rare", fleetBytesPerSecond: 65_536 };
  deepEqual(await limited({ class: "rare", fleetBytesPerSecond: 65_536 }), budget);
  const rest = { bytesPerSecond: null, class: "rare" };
  deepEqual(await limited({ fleetBytesPerSecond: null }), rest);
  deepEqual(printed, [
    "debian: no limit of its own, budget 64KiB/s, label rare, any zone\n",
    "debian: no limit of its own, label rare, any zone\n",
  ]);
  await limited({ zones: ["eu"], json: true });
  equal(JSON.parse(printed[2] ?? "").fleetBytesPerSecond, null);
  await bus.close();
});

const accepted = [
  { args: ["--upload", "500KiB"], then: { ...UNSET, bytesPerSecond: 512_000 } },
  { args: ["--upload", "none"], then: { ...UNSET, bytesPerSecond: null } },
  { args: ["--class", "rare"], then: { ...UNSET, class: "rare" } },
  { args: ["--class", "none"], then: { ...UNSET, class: null } },
  { args: ["--label", "rare"], then: { ...UNSET, class: "rare" } },
  { args: ["--budget", "5MiB"], then: { ...UNSET, fleetBytesPerSecond: 5_242_880 } },
  { args: ["--budget", "none"], then: { ...UNSET, fleetBytesPerSecond: null } },
  { args: ["--zones", "eu,us_1,eu"], then: { ...UNSET, zones: ["eu", "us_1"] } },
  { args: ["--zones", "any"], then: { ...UNSET, zones: null } },
] as const;

for (const { args, then } of accepted) {
  test(`parseLimitOptions() given ${args.join(" ")}`, () => {
    const options = parseLimitOptions([INFO_HASH, ...args]);
    deepEqual(options, { infoHash: INFO_HASH, natsUrl: null, json: false, ...then });
  });
}

const refused = [
  { args: [], says: /info hash of 40 hex digits/ },
  { args: [INFO_HASH], says: /Say what to change/ },
  { args: [INFO_HASH, "--label", "a", "--class", "a"], says: /the same/ },
  { args: [INFO_HASH, "--label", "Two Words"], says: /--label is a name/ },
  {
    args: [INFO_HASH, "--budget", "1KiB"],
    says: /--budget is a number of bytes a second from 16KiB/,
  },
  { args: [INFO_HASH, "--upload", "0"], says: /--upload is a number of bytes/ },
  { args: [INFO_HASH, "--upload", "fast"], says: /--upload is a number of bytes/ },
  { args: [INFO_HASH, "--class", "Two Words"], says: /--class is a name/ },
  { args: [INFO_HASH, "--zones", ""], says: /--zones is up to 64 names/ },
  { args: [INFO_HASH, "--zones", "eu, us"], says: /--zones is up to 64 names/ },
  {
    args: [INFO_HASH, "--zones", Array.from({ length: 65 }, (_, n) => `z${n}`).join(",")],
    says: /--zones is up to 64 names/,
  },
] as const;

for (const { args, says } of refused) {
  test(`parseLimitOptions() given "${args.join(" ")}" says what to do`, async () => {
    await rejects(async () => parseLimitOptions(args), { message: says });
  });
}

test("parseLimitOptions() given --help", () => {
  equal(parseLimitOptions(["--help"]), "help");
  match(LIMIT_USAGE, /--upload BYTES/);
});

function fail(): never {
  throw new Error("no info hash");
}
