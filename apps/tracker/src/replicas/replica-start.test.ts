import { equal } from "node:assert/strict";
import { test } from "node:test";
import { loadConfig } from "@seedfleet/runtime";
import { trackerConfig } from "../config.ts";
import { hostConfig, LEDGER_PEERS_MAX, replicaStart } from "./replica-start.ts";

for (const threads of [1, 3]) {
  test(`hostConfig() given ${threads} threads gives each its part of the whole`, async () => {
    const start = replicaStart(loadConfig(trackerConfig, {}));
    const shares = { threads, key: 7 };
    const share = threads === 1 ? null : { thread: 0, shares };
    const { replica } = await hostConfig({ ...start, share });
    equal(replica.ledgerPeersMax, Math.ceil(LEDGER_PEERS_MAX / threads));
    equal(replica.swarms.swarmsMax, Math.ceil(start.swarmsMax / threads));
    equal(replica.swarms.peersMax, start.peersMax);
  });
}
