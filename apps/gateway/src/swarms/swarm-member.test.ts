import { equal, notEqual } from "node:assert/strict";
import { test } from "node:test";
import { infoHashFromBytes } from "@seedfleet/bytes";
import { peerKey } from "@seedfleet/choker";
import { givenPeerId } from "../testing-peer.ts";
import { SwarmMember } from "./swarm-member.ts";

const SILENT = {
  ...{ takenBytes: 0, download: null, havePieces: 0, uploadOnly: false },
  ...{ say() {}, choke() {}, unchoke() {}, exchangePeers() {}, tell() {}, close() {} },
};

test("SwarmMember is the same leecher by its id and address, until its port is known", () => {
  equal(given("one").leecher, given("one").leecher);
  notEqual(given("one").leecher, given("two").leecher);
  notEqual(given("one").leecher, given("one", { host: "192.0.2.2" }).leecher);
});

test("SwarmMember of a client with an id for each connection is told by where it listens", () => {
  equal(given("one", { port: 1 }).leecher, given("two", { port: 1 }).leecher);
  notEqual(given("one", { port: 1 }).leecher, given("two", { port: 2 }).leecher);
  const elsewhere = given("two", { port: 1, host: "192.0.2.2" });
  notEqual(given("one", { port: 1 }).leecher, elsewhere.leecher);
});

test("SwarmMember that says another port later stays the leecher that it was", () => {
  const member = given("one", { port: 1 });
  const before = member.leecher;
  for (const port of [2, null, 3]) member.listensAt(port);
  equal(member.leecher, before);
  equal(member.listenPort, 1);
});

function given(
  name: string,
  { host = "192.0.2.1", port = null }: { host?: string; port?: number | null } = {},
): SwarmMember {
  const identity = {
    ...{ peerKey: peerKey(name), peerId: givenPeerId(name), host },
    ...{ askedAs: infoHashFromBytes(new Uint8Array(20)), superSeeded: false, fast: false },
  };
  const member = new SwarmMember(identity, SILENT, 0);
  member.listensAt(port);
  return member;
}
