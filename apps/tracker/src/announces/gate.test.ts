import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { type InfoHash, parseInfoHash } from "@seedfleet/bytes";
import { givenGateway } from "../handout/testing.ts";
import { PublishedTorrents } from "../torrents/published-torrents.ts";
import { Passkeys, passkeyHash } from "../users/passkeys.ts";
import { UsageLedger } from "../users/usage-ledger.ts";
import { CatalogGate, PrivateGate } from "./gate.ts";
import { type GivenCore, givenCore } from "./testing.ts";

const V1 = new Uint8Array(20).fill(0x11);
const V2 = new Uint8Array(20).fill(0x22);
const OTHER = new Uint8Array(20).fill(0x33);
const PASSKEY = "0123456789abcdef".repeat(2);

test("CatalogGate lets the torrents of the catalog in, whichever hash a client has", () => {
  const { core, torrents } = givenCatalog();
  equal(core.announce({ infoHash: V1 }).refused, "starting");
  equal(core.scrape(V1), "starting");
  torrents.known = true;
  equal(core.announce({ infoHash: OTHER }).refused, "not-registered");
  equal(core.scrape(OTHER), "not-registered");
  torrents.publish({ infoHash: hashOf(V1), aliases: [hashOf(V2)], zones: null });
  core.announce({ infoHash: V1, port: 1 });
  deepEqual(core.announce({ infoHash: V2, port: 2 }).peers.slice(-1), ["10.0.0.1:1"]);
  deepEqual(core.announce({ infoHash: V1, port: 1 }).peers.slice(-1), ["10.0.0.1:2"]);
  deepEqual(core.scrape(V1), core.scrape(V2));
  equal(core.swarms.peerCount, 2);
  equal(core.announce({ infoHash: OTHER }).refused, "not-registered");
});

test("CatalogGate keeps a torrent to the gateways of its zones", () => {
  const { core, torrents } = givenCatalog();
  torrents.publish({ infoHash: hashOf(V1), aliases: [hashOf(V2)], zones: ["east"] });
  torrents.publish({ infoHash: hashOf(OTHER), aliases: [], zones: ["nowhere"] });
  for (const infoHash of [V1, V2]) {
    deepEqual(core.announce({ infoHash }).peers, ["192.0.2.1:101"]);
    equal(core.announce({ infoHash }).seeders, 1);
  }
  const nowhere = core.announce({ infoHash: OTHER });
  deepEqual([nowhere.peers, nowhere.seeders], [[], 0]);
});

test("PrivateGate lets in whoever has a passkey, and writes down what it moved", () => {
  const passkeys = new Passkeys();
  const ledger = new UsageLedger({ peersMax: 10 });
  const core = givenCore({ gate: new PrivateGate(passkeys, ledger) });
  equal(core.announce().refused, "passkey-missing");
  equal(core.announce({ passkey: PASSKEY }).refused, "starting");
  passkeys.known = true;
  equal(core.announce({ passkey: PASSKEY }).refused, "passkey-unknown");
  equal(core.scrape(V1, PASSKEY), "passkey-unknown");
  passkeys.admit("alice", passkeyHash(PASSKEY));
  equal(core.announce({ passkey: PASSKEY, event: "started" }).refused, null);
  core.announce({ passkey: PASSKEY, downloaded: 7 });
  deepEqual(
    ledger.take().map(({ user, downloadedBytes }) => ({ user, downloadedBytes })),
    [{ user: "alice", downloadedBytes: 7 }],
  );
  equal(core.scrape(V1), "passkey-missing");
  passkeys.revoke("alice");
  equal(core.announce({ passkey: PASSKEY }).refused, "passkey-unknown");
  equal(core.swarms.peerCount, 1);
});

function givenCatalog(): { readonly torrents: PublishedTorrents; readonly core: GivenCore } {
  const torrents = new PublishedTorrents(1);
  const gateways = [
    givenGateway("e", { zone: "east" }),
    givenGateway("w", { zone: "west" }),
    givenGateway("n"),
  ];
  return { torrents, core: givenCore({ gate: new CatalogGate(torrents), gateways }) };
}

function hashOf(bytes: Uint8Array): InfoHash {
  const hash = parseInfoHash(bytes.toHex());
  if (hash === null) throw new Error("it is an info hash");
  return hash;
}
