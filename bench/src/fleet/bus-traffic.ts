import type { FleetNats } from "./fleet-nats.ts";

/** What one service published, and what was delivered to it, in messages. */
export type Traffic = { readonly published: number; readonly delivered: number };

const NONE: Traffic = { published: 0, delivered: 0 };

type Connz = {
  readonly connections: readonly {
    readonly name?: string;
    readonly in_msgs: number;
    readonly out_msgs: number;
  }[];
};

/** What the server counted so far of every connection with a name, by that name. */
export async function busTraffic({ monitorUrl }: FleetNats): Promise<ReadonlyMap<string, Traffic>> {
  const answer = await fetch(`${monitorUrl}/connz?limit=1024`);
  return trafficIn((await answer.json()) as Connz);
}

/** By name; several connections of one name count together. */
export function trafficIn({ connections }: Connz): ReadonlyMap<string, Traffic> {
  const traffic = new Map<string, Traffic>();
  for (const { name = "", in_msgs, out_msgs } of connections) {
    const { published, delivered } = traffic.get(name) ?? NONE;
    traffic.set(name, { published: published + in_msgs, delivered: delivered + out_msgs });
  }
  return traffic;
}

/** What came since, of the connections that are there now. */
export function trafficSince(
  before: ReadonlyMap<string, Traffic>,
  after: ReadonlyMap<string, Traffic>,
): ReadonlyMap<string, Traffic> {
  return new Map(
    after.entries().map(([name, { published, delivered }]) => {
      const from = before.get(name) ?? NONE;
      return [
        name,
        { published: published - from.published, delivered: delivered - from.delivered },
      ];
    }),
  );
}
