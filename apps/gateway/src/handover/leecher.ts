import type { InfoHash } from "@seedfleet/bytes";
import type { HandedLeechers, HostPort } from "@seedfleet/contracts";

/** A leecher of one torrent, and how to go to it. */
export type Leecher = Pick<HandedLeechers, "infoHash" | "askedAs"> & {
  /** Where it was connected from, and the port it says it listens on. */
  readonly address: HostPort;
};

/** The leechers that were handed over together, one by one. */
export function leechersOf(handed: HandedLeechers): readonly Leecher[] {
  const { infoHash, askedAs, addresses } = handed;
  return addresses.map((address) => ({ infoHash, askedAs, address }));
}

/** One string for each torrent and address. */
export function leecherKey({ infoHash, address }: Pick<Leecher, "infoHash" | "address">): string {
  return `${infoHash} ${addressKey(address)}`;
}

/** One string for each address. */
export function addressKey({ host, port }: HostPort): string {
  return `${host} ${port}`;
}

/** Leechers by what they have in common, as messages take them: so many addresses in each. */
export function groupLeechers(
  leechers: readonly Leecher[],
  addressesMax: number,
): readonly HandedLeechers[] {
  const groups = new Map<InfoHash, Leecher[]>();
  for (const leecher of leechers) {
    // A name leads to one torrent alone.
    const group = groups.get(leecher.askedAs) ?? [];
    group.push(leecher);
    groups.set(leecher.askedAs, group);
  }
  return Array.from(groups.values(), (group) => inParts(group, addressesMax)).flat();
}

function inParts(group: readonly Leecher[], addressesMax: number): readonly HandedLeechers[] {
  const [first] = group;
  if (first === undefined) return [];
  const { infoHash, askedAs } = first;
  return Array.from({ length: Math.ceil(group.length / addressesMax) }, (_, part) => {
    const some = group.slice(part * addressesMax, (part + 1) * addressesMax);
    return { infoHash, askedAs, addresses: some.map(({ address }) => address) };
  });
}
