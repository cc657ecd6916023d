import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { makeMetainfo, parseMetainfo } from "@seedfleet/metainfo";
import { seededRng } from "@seedfleet/runtime";
import { HandshakeDecoder, type PeerMessage, WireDecoder } from "@seedfleet/wire";
import { anyHandshake, anySayings } from "./sessions.ts";

const metainfo = parseMetainfo(
  makeMetainfo({
    ...{ name: "a", single: true, files: [{ path: ["a"], lengthBytes: 100_000 }] },
    ...{ pieceLengthBytes: 32_768, pieceHashes: new Uint8Array(80) },
  }),
);
ok(metainfo.kind === "metainfo");

test("anyHandshake() is one, mostly of the torrent, and of every extension", () => {
  const reserved = new Set<string>();
  let ours = 0;
  for (let seed = 0; seed < 2_000; seed += 1) {
    const decoder = new HandshakeDecoder();
    decoder.push(anyHandshake(metainfo, seededRng(seed)));
    const handshake = decoder.next();
    ok(handshake !== null && "infoHash" in handshake);
    reserved.add(handshake.reserved.toHex());
    if (handshake.infoHash === metainfo.infoHash) ours += 1;
  }
  equal(reserved.size, 16);
  ok(ours > 1_800 && ours < 2_000);
});

test("anySayings() are whole messages, of every kind that a client has for a seed", () => {
  const kinds = new Set<PeerMessage["kind"]>();
  for (let seed = 0; seed < 300; seed += 1) {
    const decoder = new WireDecoder({ lengthMax: 100_000 });
    decoder.push(anySayings(metainfo, seededRng(seed)));
    for (let next = decoder.next(); next !== null; next = decoder.next()) {
      ok(next.kind !== "violation" && next.kind !== "unknown");
      if (next.kind === "request") ok(next.piece < metainfo.pieceCount && next.length > 0);
      kinds.add(next.kind);
    }
  }
  equal(kinds.size, 13);
});
