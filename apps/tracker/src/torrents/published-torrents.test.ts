import { equal } from "node:assert/strict";
import { test } from "node:test";
import { type InfoHash, infoHashBytes, parseInfoHash } from "@seedfleet/bytes";
import fc from "fast-check";
import { type PublishedTorrent, PublishedTorrents } from "./published-torrents.ts";

test("PublishedTorrents.resolve() leads every name to the one its swarm goes by", () => {
  const torrents = new PublishedTorrents(3);
  torrents.publish(given(givenHash(1), [givenHash(11), givenHash(12)]));
  equal(resolved(torrents, 1), 1);
  equal(resolved(torrents, 11), 1);
  equal(resolved(torrents, 12), 1);
  equal(resolved(torrents, 13), null);
  equal(torrents.count, 1);
});

test("PublishedTorrents forgets the aliases that an entry no longer has", () => {
  const torrents = new PublishedTorrents(3);
  torrents.publish(given(givenHash(1), [givenHash(11)]));
  torrents.publish(given(givenHash(1), [givenHash(12)]));
  equal(resolved(torrents, 11), null);
  equal(resolved(torrents, 12), 1);
  torrents.remove(givenHash(1));
  equal(resolved(torrents, 1), null);
  equal(resolved(torrents, 12), null);
  equal(torrents.count, 0);
});

test("PublishedTorrents takes a name from an alias when a torrent has it for its own", () => {
  const torrents = new PublishedTorrents(3);
  torrents.publish(given(givenHash(1), [givenHash(2), givenHash(3)]));
  torrents.publish(given(givenHash(2), []));
  equal(resolved(torrents, 2), 2);
  equal(resolved(torrents, 3), 1);
  torrents.publish(given(givenHash(4), [givenHash(2), givenHash(3)]));
  equal(resolved(torrents, 2), 2);
  equal(resolved(torrents, 3), 4);
  torrents.remove(givenHash(1));
  equal(resolved(torrents, 3), 4);
});

test("PublishedTorrents.zonesOf() knows to which zones a torrent is kept", () => {
  const torrents = new PublishedTorrents(3);
  const eu = ["eu"];
  equal(torrents.zonesOf(infoHashBytes(givenHash(1))), null);
  torrents.publish({ infoHash: givenHash(1), aliases: [], zones: eu });
  torrents.publish(given(givenHash(2), []));
  equal(torrents.zonesOf(infoHashBytes(givenHash(1))), eu);
  equal(torrents.zonesOf(infoHashBytes(givenHash(2))), null);
  torrents.publish(given(givenHash(1), []));
  equal(torrents.zonesOf(infoHashBytes(givenHash(1))), null);
});

const anyChange = fc.record({
  which: fc.nat(9),
  removes: fc.boolean(),
  aliases: fc.array(fc.integer({ min: 20, max: 29 }), { maxLength: 3 }),
});

test("PublishedTorrents answers as maps of names would", () => {
  fc.assert(
    fc.property(fc.array(anyChange, { maxLength: 60 }), (changes) => {
      const torrents = new PublishedTorrents(9);
      const owners = new Map<number, number>();
      for (const { which, removes, aliases } of changes) {
        for (const [name, owner] of owners) if (owner === which) owners.delete(name);
        if (removes) torrents.remove(givenHash(which));
        else {
          torrents.publish(given(givenHash(which), aliases.map(givenHash)));
          for (const name of [which, ...aliases]) owners.set(name, which);
        }
        for (let name = 0; name < 30; name += 1) {
          equal(resolved(torrents, name), owners.get(name) ?? null);
        }
        equal(torrents.count, [...owners.keys()].filter((name) => name < 10).length);
      }
    }),
  );
});

function given(infoHash: InfoHash, aliases: readonly InfoHash[]): PublishedTorrent {
  return { infoHash, aliases, zones: null };
}

function resolved(torrents: PublishedTorrents, name: number): number | null {
  const bytes = infoHashBytes(givenHash(name));
  return torrents.resolve(bytes) ? (bytes[19] ?? -1) : null;
}

function givenHash(which: number): InfoHash {
  const infoHash = parseInfoHash(which.toString(16).padStart(40, "0"));
  if (infoHash === null) throw new Error(`no info hash of ${which}`);
  return infoHash;
}
