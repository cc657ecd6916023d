import { equal } from "node:assert/strict";
import { test } from "node:test";
import { CONNECTIONS_EXPLAINED_MAX, explainCall } from "./index.ts";

const INFO_HASH = "ab".repeat(20);

const MOMENT = {
  ...{ atMs: 10, round: 3, decidedBy: "scheduler-1", decision: "choked", rank: 37, wanting: 120 },
  because: { rule: "outranked", slots: 4 },
};

const CONNECTION = {
  ...{ infoHash: INFO_HASH, peerId: "2d".repeat(20), host: "2001:db8::1", listenPort: 6_881 },
  ...{ connectedAtMs: 0, amChoking: true, unchokedAtMs: null, peerInterested: true },
  ...{ uploadOnly: false, haveBytes: null, contentBytes: 9, sentBytes: 0 },
  ...{ uploadBytesPerSecond: 0.5, slots: 4, slotsHeld: 4, moments: [MOMENT] },
};

const requests: readonly { readonly peer: object; readonly fits: boolean }[] = [
  { peer: { kind: "address", host: "192.0.2.1", port: null }, fits: true },
  { peer: { kind: "address", host: "2001:db8::1", port: 6_881 }, fits: true },
  { peer: { kind: "peer-id", prefix: "2d4c54" }, fits: true },
  { peer: { kind: "address", host: "", port: null }, fits: false },
  { peer: { kind: "address", host: "192.0.2.1", port: 0 }, fits: false },
  { peer: { kind: "peer-id", prefix: "" }, fits: false },
  { peer: { kind: "peer-id", prefix: "2d4" }, fits: false },
  { peer: { kind: "peer-id", prefix: "2d".repeat(21) }, fits: false },
  { peer: { kind: "name", name: "x" }, fits: false },
];

for (const { peer, fits } of requests) {
  test(`explainCall ${fits ? "takes" : "refuses"} the question for ${JSON.stringify(peer)}`, () => {
    equal(isFit(explainCall.request, { peer, infoHash: null }), fits);
  });
}

const reasons: readonly { readonly because: object; readonly fits: boolean }[] = [
  { because: { rule: "not-interested" }, fits: true },
  { because: { rule: "turn", forMs: 5 }, fits: true },
  { because: { rule: "gives-more", thanBytesPerSecond: 0.5 }, fits: true },
  { because: { rule: "served-elsewhere", gateway: "gw-2" }, fits: true },
  { because: { rule: "served-elsewhere", gateway: "\x1b[2J" }, fits: false },
  { because: { rule: "outranked" }, fits: false },
  { because: { rule: "lot", slots: 4 }, fits: false },
  { because: { rule: "mood" }, fits: false },
];

for (const { because, fits } of reasons) {
  test(`explainCall ${fits ? "takes" : "refuses"} the reason ${JSON.stringify(because)}`, () => {
    equal(
      isFit(explainCall.reply, reply([{ ...CONNECTION, moments: [{ ...MOMENT, because }] }])),
      fits,
    );
  });
}

test("explainCall takes no more connections than its limit", () => {
  const connections = Array(CONNECTIONS_EXPLAINED_MAX).fill(CONNECTION);
  equal(isFit(explainCall.reply, reply(connections)), true);
  equal(isFit(explainCall.reply, reply([...connections, CONNECTION])), false);
});

function reply(connections: readonly object[]): object {
  return { nowMs: 20, connections, leftOut: 0 };
}

type Validating = {
  readonly "~standard": { validate(value: unknown): object | Promise<object> };
};

function isFit(schema: Validating, value: unknown): boolean {
  return !("issues" in schema["~standard"].validate(value));
}
