import { deepEqual, equal, rejects } from "node:assert/strict";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadConfig } from "@seedfleet/runtime";
import { trackerConfig } from "../config.ts";
import { HANDOUT_POLICIES } from "./handout-policy.ts";
import { ZONES_FILE_BYTES_MAX } from "./load-zone-table.ts";
import { openHandout } from "./open-handout.ts";
import { ZoneTable } from "./zone-table.ts";

const config = loadConfig(trackerConfig, {});

test("openHandout() by default hands out at random, a few gateways and no zones", async () => {
  deepEqual(await openHandout(config), {
    ...{ policy: HANDOUT_POLICIES.random, gatewayShare: 0.5, gatewaysMax: 4 },
    zones: ZoneTable.empty,
  });
});

test("openHandout() given nearest without a table says what is missing", async () => {
  await rejects(openHandout({ ...config, handoutPolicy: "nearest" }), {
    detail: { code: "zones-file-missing" },
  });
});

test("openHandout() reads the table, and names what it cannot read", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "zones-"));
  t.after(() => rm(directory, { recursive: true }));
  const zonesFile = join(directory, "zones");
  const opened = () => openHandout({ ...config, handoutPolicy: "nearest", zonesFile });
  const unreadable = { detail: { code: "zones-file-unreadable", file: zonesFile } };
  await rejects(opened(), unreadable);
  await writeFile(zonesFile, "10.0.0.0/8 eu\n");
  equal((await opened()).zones.zoneNamed("eu"), 1);
  await writeFile(zonesFile, "10.0.0.0/8\n");
  await rejects(opened(), { detail: { code: "zone-row-invalid", line: 1 } });
  await truncate(zonesFile, ZONES_FILE_BYTES_MAX + 1);
  await rejects(opened(), unreadable);
});
