import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { Bitfield } from "@seedfleet/bitfield";
import { catalogChangedEvent, havePiecesCall, pieceVerifiedEvent } from "@seedfleet/contracts";
import { GivenGateway, until } from "./testing.ts";
import type { TestPeer } from "./testing-peer.ts";
import { givenTorrent, HOLDER } from "./testing-torrent.ts";

const ONE = givenTorrent("one");
const { infoHash, pieceCount } = ONE.metainfo;
const BAD = 2;

for (const workers of [1, 2]) {
  test(`a gateway of ${workers} thread(s) offers no bad piece until it is back`, async () => {
    await using given = await GivenGateway.start([ONE], { workers });
    const there = Bitfield.full(pieceCount);
    there.remove(BAD);
    given.bus.serveStream(havePiecesCall, { params: { holder: HOLDER } }, () => [there.toBytes()]);
    equal(missingOf(await given.join(ONE, "before")).length, 0);
    await given.publish(ONE, { incomplete: true });
    given.bus.publish(catalogChangedEvent, {}, { infoHash });
    let waiting = await given.join(ONE, "meanwhile-0");
    for (let at = 1; missingOf(waiting).length === 0; at += 1) {
      waiting = await given.join(ONE, `meanwhile-${at}`);
    }
    deepEqual(missingOf(waiting), [BAD]);
    there.add(BAD);
    given.bus.publish(pieceVerifiedEvent, { infoHash }, { holder: HOLDER, piece: BAD });
    await waiting.until(() => waiting.heard.some(isHaveOf(BAD)));
    await given.publish(ONE);
    given.bus.publish(catalogChangedEvent, {}, { infoHash });
    equal(missingOf(await given.join(ONE, "after")).length, 0);
    await until(() => waiting.heard.length > 0);
  });
}

/** What a peer was not told of, when it came. */
function missingOf({ heard }: TestPeer): readonly number[] {
  const told = heard.find(({ kind }) => kind === "bitfield");
  const bits = told?.kind === "bitfield" ? Bitfield.parse(told.bits, pieceCount) : null;
  if (bits === null) throw new Error("no bitfield came");
  return Array.from({ length: pieceCount }, (_, piece) => piece).filter((each) => !bits.has(each));
}

function isHaveOf(piece: number): (message: TestPeer["heard"][number]) => boolean {
  return (message) => message.kind === "have" && message.piece === piece;
}
