import type { Bus } from "@seedfleet/bus";
import { type Clock, errorMessage } from "@seedfleet/runtime";
import type { Telemetry } from "@seedfleet/telemetry";
import { withPasskey } from "./announce-urls.ts";
import type { TrackerMode } from "./announces/gate.ts";
import type { BoundApi } from "./api/api-server.ts";
import type { Replicas } from "./replicas/replicas.ts";
import { tellTorrents } from "./torrents/tell-torrents.ts";
import { tellUsers, UsageWriter } from "./users/tell-users.ts";
import { openUserDirectory } from "./users/user-directory.ts";

export type GatePorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
};

export type Gated = {
  readonly mode: TrackerMode;
  readonly replicas: Replicas;
  /** Of a private tracker. */
  readonly api: BoundApi | null;
  /** Where clients announce. */
  readonly urls: readonly string[];
};

export interface GateTeller extends AsyncDisposable {
  /** What has not been heard yet of those who are to be let in. */
  missing(): readonly string[];
}

/** Tells the replicas which torrents the tracker is for, or whose clients. */
export async function tellGate(ports: GatePorts, gated: Gated): Promise<GateTeller> {
  if (gated.mode === "catalog") return await tellCatalog(ports, gated.replicas);
  if (gated.mode === "private" && gated.api !== null) {
    return await tellPrivate(ports, gated, gated.api);
  }
  return { missing: () => [], async [Symbol.asyncDispose]() {} };
}

async function tellCatalog({ bus, telemetry }: GatePorts, replicas: Replicas): Promise<GateTeller> {
  const { log } = telemetry;
  const torrents = await tellTorrents({ bus, log }, (change) => replicas.tell(change));
  return {
    missing: () => (torrents.known ? [] : ["the catalog has not been read yet"]),
    async [Symbol.asyncDispose]() {
      torrents.stop();
    },
  };
}

async function tellPrivate(
  { bus, clock, telemetry }: GatePorts,
  { replicas, urls }: Gated,
  api: BoundApi,
): Promise<GateTeller> {
  const { log } = telemetry;
  const users = await openUserDirectory(bus, clock, log);
  const usage = new UsageWriter(users, log);
  replicas.onUsage = (moved) => usage.add(moved);
  const watch = await tellUsers(users, (told) => replicas.tell(told));
  const announceUrls = (passkey: string): readonly string[] => withPasskey(urls, passkey);
  api.show({ users, announceUrls }, (error) =>
    log.error("request failed", { reason: errorMessage(error) }),
  );
  return {
    missing: () => (watch.known ? [] : ["the users have not been read yet"]),
    async [Symbol.asyncDispose]() {
      watch.stop();
      await usage.settled();
    },
  };
}
