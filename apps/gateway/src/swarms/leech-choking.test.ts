import assert, { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { CHOKE_ROUND_INTERVAL_MS, peerKey } from "@seedfleet/choker";
import { VirtualClock } from "@seedfleet/testkit";
import { givenPeerId } from "../testing-peer.ts";
import { givenTorrent } from "../testing-torrent.ts";
import { Torrent } from "../torrents/torrent.ts";
import { LeechChoking } from "./leech-choking.ts";
import { SwarmMember } from "./swarm-member.ts";

const { metainfo, entry } = givenTorrent("choking");

type Gives = { bytesPerSecond: number; receivedBytes: number };

class GivenChoking implements Disposable {
  readonly clock = new VirtualClock();
  readonly members = new Map<ReturnType<typeof peerKey>, SwarmMember>();
  readonly gives = new Map<string, Gives>();
  readonly choking: LeechChoking;

  constructor(unchokeSlots: number) {
    const torrent = new Torrent(metainfo, entry);
    const swarm = { torrent, members: this.members };
    this.choking = new LeechChoking(this.clock, { unchokeSlots }, swarm);
  }

  join(name: string, bytesPerSecond: number): SwarmMember {
    const gives = { bytesPerSecond, receivedBytes: 0 };
    const control = {
      ...{ takenBytes: 0, havePieces: 0, uploadOnly: false },
      ...{ say() {}, choke() {}, unchoke() {}, exchangePeers() {}, tell() {}, close() {} },
      download: {
        ...{ amInterested: true, unchokedUsAtMs: 0 },
        get receivedBytes() {
          return gives.receivedBytes;
        },
        blockAtMs: bytesPerSecond > 0 ? Number.MAX_SAFE_INTEGER : null,
      },
    };
    const identity = {
      ...{ peerKey: peerKey(name), peerId: givenPeerId(name), host: "192.0.2.1" },
      ...{ askedAs: metainfo.infoHash, superSeeded: false, fast: false },
    };
    const member = new SwarmMember(identity, control, 0);
    member.peerInterested = true;
    this.members.set(member.peerKey, member);
    this.gives.set(name, gives);
    this.choking.interestChanged();
    return member;
  }

  round(): void {
    for (const gives of this.gives.values()) {
      gives.receivedBytes += (gives.bytesPerSecond * CHOKE_ROUND_INTERVAL_MS) / 1_000;
    }
    this.clock.advance(CHOKE_ROUND_INTERVAL_MS);
  }

  unchoked(): readonly string[] {
    return [...this.members.values()].filter((each) => !each.amChoking).map((each) => each.peerKey);
  }

  /** Of the only slot. */
  holder(): SwarmMember {
    const [holder] = [...this.members.values()].filter((each) => !each.amChoking);
    assert(holder !== undefined);
    return holder;
  }

  [Symbol.dispose](): void {
    this.choking.stop();
  }
}

test("LeechChoking gives all slots by turns while nobody gives anything", () => {
  using given = new GivenChoking(2);
  for (const name of ["a", "b", "c"]) given.join(name, 0);
  given.round();
  equal(given.unchoked().length, 2);
  deepEqual([given.choking.holding, given.choking.interested, given.choking.slots], [2, 3, 2]);
});

test("LeechChoking gives the regular slots to those that give most", () => {
  using given = new GivenChoking(4);
  for (const name of ["a", "b", "c", "d"]) given.join(name, 0);
  for (const name of ["gives", "gives-too", "gives-more"]) given.join(name, 50_000);
  for (let round = 0; round < 12; round += 1) given.round();
  const unchoked = given.unchoked();
  for (const name of ["gives", "gives-too", "gives-more"]) equal(unchoked.includes(name), true);
  equal(unchoked.length, 4);
  const others = new Set<string>();
  for (let round = 0; round < 24; round += 1) {
    given.round();
    for (const name of given.unchoked()) if (!name.startsWith("gives")) others.add(name);
  }
  // The optimistic slot goes round.
  deepEqual([...others].toSorted(), ["a", "b", "c", "d"]);
});

test("LeechChoking hands the slot of who leaves, or wants nothing more, to another", () => {
  using given = new GivenChoking(1);
  for (const name of ["a", "b", "c"]) given.join(name, 0);
  given.round();
  const first = given.holder();
  given.members.delete(first.peerKey);
  given.choking.left(first);
  const second = given.holder();
  second.peerInterested = false;
  given.choking.interestChanged();
  equal(given.holder() === second, false);
  equal(given.choking.holding, 1);
  equal(given.choking.interested, 1);
});

test("LeechChoking decides nothing more once it is stopped", () => {
  const given = new GivenChoking(1);
  given.join("a", 0);
  const before = given.join("b", 90_000).amChoking;
  given.choking.stop();
  for (let round = 0; round < 6; round += 1) given.round();
  equal(given.members.get(peerKey("b"))?.amChoking, before);
});
