import { equal } from "node:assert/strict";
import { test } from "node:test";
import { type MetadataStanding, metadataStatus } from "./metadata-status.ts";

const BEGINNING: MetadataStanding = {
  state: "metadata",
  peersKnown: 0,
  peersConnected: 0,
  peersAnswered: 0,
  peersCorrupt: 0,
  progress: null,
  layers: null,
};

const progress = { sizeBytes: 50_000, pieceCount: 4, piecesGot: 1 };

const cases: readonly {
  readonly standing: Partial<MetadataStanding>;
  readonly then: string;
}[] = [
  { standing: {}, then: "no peer is known yet" },
  { standing: { peersKnown: 9 }, then: "no peer has answered yet, of 9 known" },
  {
    standing: { peersKnown: 9, peersAnswered: 2 },
    then: "no peer is connected, of 9 known",
  },
  {
    standing: { peersKnown: 9, peersAnswered: 2, peersConnected: 1 },
    then: "1 peer connected, none of which has the metadata",
  },
  {
    standing: { peersKnown: 9, peersAnswered: 2, peersConnected: 1, progress, peersCorrupt: 2 },
    then: "1 of 4 pieces of the metadata; wrong metadata from 2 peers so far",
  },
  {
    standing: { state: "piece-layers", layers: { got: 2, count: 7 } },
    then: "2 of 7 parts of the piece layers; no peer is connected",
  },
  { standing: { state: "fetched" }, then: "the metadata is there" },
  { standing: { state: "stopped" }, then: "stopped" },
];

for (const { standing, then } of cases) {
  test(`metadataStatus() says: ${then}`, () => {
    equal(metadataStatus({ ...BEGINNING, ...standing }).reason, then);
  });
}
