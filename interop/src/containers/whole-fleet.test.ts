import { ok } from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { givenTree } from "../given-content.ts";
import { type ComposeService, composeConfig } from "./compose-config.ts";
import { ContainerFleet } from "./container-fleet.ts";
import { gatewayCutOff } from "./gateway-cut.ts";
import { CROWDED_GATEWAY, gatewayMemory } from "./gateway-memory.ts";
import { natsLeaderKilled } from "./nats-leader.ts";
import { plainDownload } from "./plain-download.ts";
import { readableDirectory } from "./readable-directory.ts";
import { rollingRestart } from "./rolling-restart.ts";
import { STEADY_FILES } from "./steady-download.ts";

/** Of all scenarios together; each has the runner's own. */
const TEST_MS_MAX = 900_000;

// What leaves the fleet with less than it had comes last.
test("a fleet of containers over a cluster of NATS servers", {
  timeout: TEST_MS_MAX,
}, async (t) => {
  await using content = await readableDirectory();
  await using work = await readableDirectory();
  const { mem_limit: memory, environment } = await gatewayOfCompose();
  await using fleet = await ContainerFleet.start({
    content: content.path,
    gatewayMemoryBytes: Number(memory),
    gatewaySettings: {
      ...CROWDED_GATEWAY,
      SEEDFLEET_GATEWAY_CACHE_BYTES: environment["SEEDFLEET_GATEWAY_CACHE_BYTES"] ?? "",
    },
  });
  await givenTree(join(content.path, "steady"), STEADY_FILES);
  const steady = await fleet.publish(join(content.path, "steady"), "steady");
  const it = { fleet, content: content.path, work: work.path, steady };
  await t.test("libtorrent downloads from it", () => plainDownload(it));
  await t.test("a gateway keeps to its memory with 5,000 peers", (t) => gatewayMemory(t, it));
  await t.test("every service is restarted, and no client waits", (t) => rollingRestart(t, it));
  await t.test("the NATS server that leads is killed", (t) => natsLeaderKilled(t, it));
  await t.test("a gateway is cut off the network", (t) => gatewayCutOff(t, it));
});

/** So that gateways have here what docker-compose.yml gives them. */
async function gatewayOfCompose(): Promise<ComposeService> {
  const { "gateway-1": gateway } = await composeConfig();
  ok(gateway);
  return gateway;
}
