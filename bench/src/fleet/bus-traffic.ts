import type { FleetNats } from "./fleet-nats.ts";

/** What one service published, and what was delivered to it, in messages. */
export type Traffic = { readonly published: number; readonly delivered: number };

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

export function trafficIn({ connections }: Connz): ReadonlyMap<string, Traffic> {
  return new Map(
    connections.map(({ name = "", in_msgs: published, out_msgs: delivered }) => [
      name,
      { published, delivered },
    ]),
  );
}

/** What came since, of the connections that are there now. */
export function trafficSince(
  before: ReadonlyMap<string, Traffic>,
  after: ReadonlyMap<string, Traffic>,
): ReadonlyMap<string, Traffic> {
  return new Map(
    after.entries().map(([name, { published, delivered }]) => {
      const from = before.get(name) ?? { published: 0, delivered: 0 };
      return [
        name,
        { published: published - from.published, delivered: delivered - from.delivered },
      ];
    }),
  );
}

export function totalTraffic(traffic: Iterable<Traffic>): Traffic {
  let [published, delivered] = [0, 0];
  for (const each of traffic) {
    published += each.published;
    delivered += each.delivered;
  }
  return { published, delivered };
}
