import { equal } from "node:assert/strict";
import { test } from "node:test";
import {
  SUPER_SEED_JOINED_MAX,
  SUPER_SEED_LEECHERS_MAX,
  SUPER_SEED_PIECES_MAX,
  superSeedCall,
} from "./super-seed.ts";

const JOINED = { leecher: "aa", have: "gA==", told: [0, 7] };
const REQUEST = {
  ...{ gateway: "gateway-1", infoHash: "ab".repeat(20), pieceCount: 8, epoch: null },
  ...{ left: ["bb"], joined: [JOINED], had: [{ leecher: "cc", pieces: [1] }], declined: ["aa"] },
};
const REPLY = { epoch: "e", outcome: "offers", offers: [{ leecher: "aa", piece: 1 }] };
const FULL = Buffer.alloc(SUPER_SEED_PIECES_MAX / 8, 255).toString("base64");

const { request, reply } = superSeedCall;
const cases = [
  { given: "a report", schema: request, value: REQUEST, isRefused: false },
  {
    given: "as many leechers as may join at once, each with all of the largest torrent",
    schema: request,
    value: { ...REQUEST, joined: Array(SUPER_SEED_JOINED_MAX).fill({ ...JOINED, have: FULL }) },
    isRefused: false,
  },
  {
    given: "one leecher more",
    schema: request,
    value: { ...REQUEST, joined: Array(SUPER_SEED_JOINED_MAX + 1).fill(JOINED) },
    isRefused: true,
  },
  {
    given: "more leavers than a swarm has",
    schema: request,
    value: { ...REQUEST, left: Array(SUPER_SEED_LEECHERS_MAX + 1).fill("a") },
    isRefused: true,
  },
  {
    given: "a torrent of too many pieces",
    schema: request,
    value: { ...REQUEST, pieceCount: SUPER_SEED_PIECES_MAX + 1 },
    isRefused: true,
  },
  {
    given: "bits that are no base64",
    schema: request,
    value: { ...REQUEST, joined: [{ ...JOINED, have: "*" }] },
    isRefused: true,
  },
  {
    given: "a piece below none",
    schema: request,
    value: { ...REQUEST, had: [{ leecher: "cc", pieces: [-1] }] },
    isRefused: true,
  },
  { given: "offers", schema: reply, value: REPLY, isRefused: false },
  {
    given: "another outcome",
    schema: reply,
    value: { ...REPLY, outcome: "perhaps" },
    isRefused: true,
  },
];

for (const { given, schema, value, isRefused } of cases) {
  test(`superSeedCall ${isRefused ? "refuses" : "takes"} ${given}`, async () => {
    const result = await schema["~standard"].validate(value);
    equal(result.issues !== undefined, isRefused);
  });
}
