import { equal, ok } from "node:assert/strict";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { eventually } from "../eventually.ts";
import { sameTree } from "../same-tree.ts";
import type { FleetUnderTest } from "./fleet-under-test.ts";
import type { ServiceContainer } from "./service-container.ts";
import { finish, firstSource, longestOfAll, STEADY } from "./steady-download.ts";

const CLIENTS = 3;

/** What a client may wait for content at most. */
const WAIT_MS_MAX = 5_000;

/** Every service is restarted while clients download, and no client waits long. */
export async function rollingRestart(
  t: TestContext,
  { fleet, content, work, steady }: FleetUnderTest,
): Promise<void> {
  await using running = new AsyncDisposableStack();
  const names = Array.from({ length: CLIENTS }, (_, index) => `rolling-${index}`);
  const clients = await Promise.all(
    names.map(async (name) => running.use(await fleet.download(steady, join(work, name), STEADY))),
  );
  for (const client of clients) await firstSource(client, fleet.gateways);

  const [firstGateway, ...otherGateways] = fleet.gateways.map(({ container }) => container);
  ok(firstGateway);
  const gateways = [firstGateway, ...otherGateways];
  const others = fleet.services.filter((service) => !gateways.includes(service));
  for (const service of [firstGateway, ...others, ...otherGateways]) {
    // A gateway goes once peers are back at the one before: libtorrent comes back after a minute.
    if (otherGateways.includes(service)) await untilPeers(firstGateway, CLIENTS);
    const beganMs = performance.now();
    await service.restart();
    t.diagnostic(`${service.name} ready again after ${Math.round(performance.now() - beganMs)} ms`);
    equal((await service.state()).Running, true);
  }
  await finish(clients);
  for (const name of names) {
    await sameTree(join(work, name, "steady"), join(content, "steady"));
  }
  const waitMs = longestOfAll(clients);
  t.diagnostic(`longest wait ${waitMs} ms`);
  ok(waitMs < WAIT_MS_MAX, `a client waited ${waitMs} ms`);
}

async function untilPeers(gateway: ServiceContainer, count: number): Promise<void> {
  await eventually(async () => (await gateway.metric("seedfleet_gateway_peers")) >= count, true);
}
