import { equal, match, ok } from "node:assert/strict";
import { test } from "node:test";
import { seededRng } from "@seedfleet/runtime";
import {
  ANNOUNCE,
  anyHttpRequest,
  anyUdpRequest,
  connectPacket,
  SCRAPE,
  type TrackerAt,
} from "./tracker-sayings.ts";

const AT: TrackerAt = { host: "127.0.0.1", httpPort: 1, udpPort: 1, passkey: null };
const PASSKEY = "0".repeat(32);
const SEEDS = Array.from({ length: 300 }, (_, seed) => seed);

test("anyHttpRequest() is a whole request, mostly an announce, with its passkey", () => {
  const requests = SEEDS.map((seed) => anyHttpRequest(AT, seededRng(seed)).toString("latin1"));
  for (const request of requests) {
    match(request, /^GET \/(?:announce|scrape)\?.* HTTP\/1.[01]\r\n/);
  }
  ok(requests.every((request) => request.endsWith("\r\n\r\n")));
  ok(requests.filter((request) => request.includes("/announce?")).length > 200);
  const priv = SEEDS.map((seed) => {
    return anyHttpRequest({ ...AT, passkey: PASSKEY }, seededRng(seed)).toString("latin1");
  });
  ok(priv.filter((request) => request.startsWith(`GET /${PASSKEY}/`)).length > 250);
});

test("anyUdpRequest() is an announce or a scrape of BEP 15", () => {
  const id = Buffer.from("0123456789abcdef", "hex");
  for (const seed of SEEDS) {
    const packet = anyUdpRequest(id, { ...AT, passkey: PASSKEY }, seededRng(seed));
    equal(packet.toHex().slice(0, 16), id.toHex());
    const action = packet.readUInt32BE(8);
    if (action === SCRAPE) equal((packet.length - 16) % 20, 0);
    else equal(action, ANNOUNCE);
    if (action === ANNOUNCE) equal(packet.toString("latin1", 100), `/${PASSKEY}/announce`);
  }
  equal(connectPacket(1).toHex(), "00000417271019800000000000000001");
});
