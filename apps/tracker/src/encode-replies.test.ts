import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { parseInfoHash, parsePeerId } from "@seedfleet/bytes";
import bencode from "bencode";
import fc from "fast-check";
import { type AnnounceReply, encodeAnnounceReply } from "./encode-announce-reply.ts";
import { encodeFailure } from "./encode-failure.ts";
import { encodeScrapeReply } from "./encode-scrape-reply.ts";
import { addressesOf, decoded, givenEndpoint, INFO_HASH, PEER_ID } from "./testing.ts";
import { notRegistered, starting } from "./violation.ts";

const COMPACT = { compact: true, noPeerId: false };
const IPV4 = { endpoint: givenEndpoint("10.0.0.255", 6881), peerId: parsePeerId(PEER_ID) };
const IPV6 = { endpoint: givenEndpoint("2001:db8::1", 65_535), peerId: null };

test("encodeAnnounceReply() given nobody", () => {
  equal(
    encodeAnnounceReply(givenReply(), COMPACT).toString("latin1"),
    "d8:completei3e10:incompletei5e8:intervali1800e12:min intervali900e5:peers0:e",
  );
});

test("encodeAnnounceReply() given both families keeps them apart", () => {
  const reply = decoded(encodeAnnounceReply(givenReply({ peers: [IPV4, IPV6, IPV4] }), COMPACT));
  deepEqual(addressesOf(reply["peers"]), ["10.0.0.255:6881", "10.0.0.255:6881"]);
  deepEqual(addressesOf(reply["peers6"], 16), ["2001:db8:0:0:0:0:0:1:65535"]);
});

test("encodeAnnounceReply() given dictionaries lists all with the peer ids it knows", () => {
  const form = { compact: false, noPeerId: false };
  const reply = decoded(encodeAnnounceReply(givenReply({ peers: [IPV4, IPV6] }), form));
  deepEqual(reply["peers"], [
    { ip: "10.0.0.255", "peer id": Buffer.from(PEER_ID, "hex").toString("latin1"), port: 6881 },
    { ip: "2001:db8:0:0:0:0:0:1", port: 65_535 },
  ]);
});

test("encodeAnnounceReply() given no_peer_id leaves the peer ids out", () => {
  const form = { compact: false, noPeerId: true };
  const reply = decoded(encodeAnnounceReply(givenReply({ peers: [IPV4] }), form));
  deepEqual(reply["peers"], [{ ip: "10.0.0.255", port: 6881 }]);
});

test("encodeAnnounceReply() is canonical: an encoder makes the same of what it decodes to", () => {
  const peer = fc.record({
    endpoint: fc
      .tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.integer({ min: 1, max: 65_535 }))
      .map(([host, port]) => givenEndpoint(host, port)),
    peerId: fc.constantFrom(parsePeerId(PEER_ID), null),
  });
  const form = fc.record({ compact: fc.boolean(), noPeerId: fc.boolean() });
  fc.assert(
    fc.property(fc.array(peer), fc.nat(), form, (peers, leechers, how) => {
      const body = encodeAnnounceReply(givenReply({ peers, leechers }), how);
      deepEqual(Buffer.from(bencode.encode(bencode.decode(body))), body);
    }),
  );
});

test("encodeScrapeReply() sorts the info hashes", () => {
  const [low, high] = ["00".repeat(20), INFO_HASH].map((hex) => parseInfoHash(hex));
  if (!low || !high) throw new Error("both are info hashes");
  const counts = { seeders: 1, leechers: 2, downloaded: 3 };
  const swarms = [high, low].map((infoHash) => ({ infoHash, counts }));
  const body = encodeScrapeReply({ kind: "scrape-reply", swarms });
  const file = "d8:completei1e10:downloadedi3e10:incompletei2ee";
  const keys = [low, high].map((hex) => `20:${Buffer.from(hex, "hex").toString("latin1")}`);
  equal(body.toString("latin1"), `d5:filesd${keys[0]}${file}${keys[1]}${file}ee`);
});

test("encodeFailure() says why, and when to try again", () => {
  deepEqual(decoded(encodeFailure(notRegistered())), {
    "failure reason": "Torrent is not registered with this tracker",
  });
  deepEqual(decoded(encodeFailure(starting())), {
    "failure reason": "Tracker is starting, try again in a minute",
    "retry in": 1,
  });
});

function givenReply(differing: Partial<AnnounceReply> = {}): AnnounceReply {
  return {
    kind: "announce-reply",
    seeders: 3,
    leechers: 5,
    intervalMs: 1_800_000,
    minIntervalMs: 900_000,
    peers: [],
    introduction: null,
    ...differing,
  };
}
