import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { givenMirror, givenProgress } from "./mirror-testing.ts";
import { mirrorTotals } from "./mirror-totals.ts";
import { humanReporter, jsonReporter, type Reporter } from "./reporter.ts";
import { eventsOf } from "./testing.ts";

const MIRROR = givenMirror();
const STEPS = [
  mirrorTotals(MIRROR, [], "for gateway-1"),
  mirrorTotals(MIRROR, [givenProgress()], null),
  mirrorTotals(MIRROR, [givenProgress({ havePieces: 5 })], null),
  mirrorTotals(MIRROR, [givenProgress({ state: "paused", reason: "the disk is full" })], null),
];

/** All there is to tell of a mirror. */
function tell(reporter: Reporter): void {
  reporter.mirrorAsked({ mirror: MIRROR, outcome: "added" });
  for (const totals of STEPS) reporter.mirroring(totals);
  reporter.mirrorAsked({ mirror: { ...MIRROR, name: null, gateways: 1 }, outcome: "merged" });
  reporter.mirrorThere({ infoHash: MIRROR.infoHash, name: "deb\x07ian" }, false);
  reporter.mirrorThere({ infoHash: MIRROR.infoHash, name: "debian" }, true);
}

const HASH = MIRROR.infoHash;
const AFTER = [
  `${HASH} is mirrored already, to store-1 by 1 gateway; what is new of the swarm is known now`,
  "The fleet has all of deb\\u{7}ian already",
  "The fleet has all of debian already, and announces it to its swarm",
];

test("in a file a mirror is told of when it stands otherwise than before", () => {
  const told: string[] = [];
  tell(humanReporter({ out: () => {}, err: (text) => void told.push(text), redraws: false }));
  deepEqual(told, [
    `Mirroring debian (${HASH}) to store-1 by 2 gateways\n`,
    "debian: waiting: for gateway-1\n",
    "debian: downloading\n",
    "debian: paused: the disk is full\n",
    ...AFTER.map((line) => `${line}\n`),
  ]);
});

test("on a terminal a mirror's line is drawn anew", () => {
  let told = "";
  const err = (text: string): void => {
    told += text;
  };
  tell(humanReporter({ out: () => {}, err, redraws: true }));
  deepEqual(told.replaceAll("\r\x1b[K", "\n").split("\n"), [
    `Mirroring debian (${HASH}) to store-1 by 2 gateways`,
    "Mirroring debian: waiting: for gateway-1",
    "Mirroring debian [####      ]  40 %  16.4 kB/s  3 peers, 1 seed  6 s left",
    "Mirroring debian [#####     ]  50 %  16.4 kB/s  3 peers, 1 seed  5 s left",
    "Mirroring debian: paused: the disk is full  3 peers, 1 seed",
    ...AFTER,
    "",
  ]);
});

test("as JSON a mirror is told of with all there is", () => {
  let told = "";
  const out = (text: string): void => {
    told += text;
  };
  tell(jsonReporter({ out, err: () => {}, redraws: false }));
  const [asked, , step] = eventsOf(told);
  deepEqual(asked, { event: "mirror", outcome: "added", ...MIRROR });
  deepEqual(step, { event: "mirroring", ...STEPS[1] });
});
