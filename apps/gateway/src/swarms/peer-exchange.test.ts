import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { type PeerKey, peerKey } from "@seedfleet/choker";
import { decodePexMessage, type PexMessage } from "@seedfleet/wire";
import fc from "fast-check";
import { PEX_BACKLOG_MAX, PEX_PEERS_PER_MESSAGE, PeerExchange } from "./peer-exchange.ts";

const GATEWAY = { host: "192.0.2.7", port: 7_000 };
const OTHER = { host: "2001:db8::7", port: 7_001 };

test("PeerExchange.welcome() tells the gateways, then the peers that came last", () => {
  const exchange = new PeerExchange();
  equal(exchange.welcome([]), null);
  for (let index = 1; index <= 60; index += 1) exchange.add(key(index), peer(index));
  const { added, dropped } = read(exchange.welcome([GATEWAY, OTHER]));
  deepEqual(dropped, []);
  equal(added.length, PEX_PEERS_PER_MESSAGE);
  // Of IPv6 comes last, as BEP 11 has it in a list of its own.
  deepEqual(
    ports(added),
    [7_000, ...range(11, 58), 7_001].toSorted((a, b) => a - b),
  );
  ok(added.every(({ port, flags }) => flags.reachable === port >= 7_000));
});

test("PeerExchange.round() tells what changed since the last one, once", () => {
  const exchange = new PeerExchange();
  exchange.add(key(1), peer(1));
  deepEqual(told(exchange, [GATEWAY]), { added: [1, 7_000], dropped: [] });
  equal(exchange.round([GATEWAY]), null);
  exchange.add(key(2), peer(2));
  exchange.remove(key(1));
  deepEqual(told(exchange, [OTHER]), { added: [2, 7_001], dropped: [1, 7_000] });
  equal(exchange.round([OTHER]), null);
});

test("PeerExchange says nothing of who came and went within a round, or is not known", () => {
  const exchange = new PeerExchange();
  exchange.add(key(1), peer(1));
  exchange.remove(key(1));
  exchange.remove(key(1));
  exchange.remove(key(2));
  equal(exchange.round([]), null);
});

test("PeerExchange.round() tells of many in turn", () => {
  const exchange = new PeerExchange();
  for (let index = 1; index <= 120; index += 1) exchange.add(key(index), peer(index));
  deepEqual(told(exchange, []).added, range(1, 50));
  deepEqual(told(exchange, []).added, range(51, 100));
  deepEqual(told(exchange, []).added, range(101, 120));
  equal(exchange.round([]), null);
});

test("PeerExchange of a swarm that changes faster forgets the oldest changes", () => {
  const exchange = new PeerExchange();
  const count = PEX_BACKLOG_MAX + 100;
  for (let index = 1; index <= count; index += 1) exchange.add(key(index), peer(index));
  const rounds: number[] = [];
  for (let round = exchange.round([]); round !== null; round = exchange.round([])) {
    rounds.push(...ports(read(round).added));
  }
  deepEqual(rounds, range(101, count));
});

test("PeerExchange.farewell() tells of the gateways alone", () => {
  const exchange = new PeerExchange();
  exchange.add(key(1), peer(1));
  equal(exchange.farewell([]), null);
  deepEqual(ports(read(exchange.farewell([GATEWAY])).added), [7_000]);
});

const anyChange = fc.record({
  kind: fc.constantFrom("add" as const, "remove" as const, "round" as const),
  index: fc.integer({ min: 1, max: 8 }),
});

test("PeerExchange leaves who follows its rounds with the peers that are there", () => {
  fc.assert(
    fc.property(fc.array(anyChange, { maxLength: 60 }), (changes) => {
      const exchange = new PeerExchange();
      const there = new Set<number>();
      const known = new Set<number>();
      const follow = (): void => {
        const round = exchange.round([]);
        if (round === null) return;
        const { added, dropped } = read(round);
        for (const { port } of dropped) known.delete(port);
        for (const { port } of added) known.add(port);
      };
      for (const { kind, index } of changes) {
        if (kind === "round") follow();
        else if (kind === "remove") {
          exchange.remove(key(index));
          there.delete(index);
        } else if (!there.has(index)) {
          exchange.add(key(index), peer(index));
          there.add(index);
        }
      }
      follow();
      deepEqual(known, there);
    }),
  );
});

function key(index: number): PeerKey {
  return peerKey(`peer-${index}`);
}

function peer(port: number) {
  return { host: "198.51.100.1", port };
}

function read(payload: Uint8Array | null): PexMessage {
  ok(payload !== null);
  const message = decodePexMessage(payload);
  ok(!("code" in message));
  return message;
}

function told(exchange: PeerExchange, gateways: readonly (typeof GATEWAY)[]) {
  const { added, dropped } = read(exchange.round(gateways));
  return { added: ports(added), dropped: ports(dropped) };
}

function ports(peers: PexMessage["dropped"]): readonly number[] {
  return peers.map(({ port }) => port).toSorted((a, b) => a - b);
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
