import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { Bitfield } from "@seedfleet/bitfield";
import { type Block, PIECE_TIMEOUT_MS, REQUEST_TIMEOUT_MS } from "@seedfleet/picker";
import { VirtualClock } from "@seedfleet/testkit";
import { type PeerMessage, WireDecoder } from "@seedfleet/wire";
import { PeerPieces } from "../peers/peer-pieces.ts";
import { DownloadMemory } from "./download-memory.ts";
import {
  ALLOWED_FAST_TAKEN_MAX,
  DOWNLOAD_USELESS_MS_MAX,
  PeerDownload,
  UNASKED_BLOCKS_MAX,
} from "./peer-download.ts";
import { CHOKES_IN_VAIN_MAX } from "./request-rest.ts";
import { TorrentDownload } from "./torrent-download.ts";

const BLOCK_BYTES = 16_384;
const PIECES = 8;
const BLOCKS_PER_PIECE = 4;

class GivenPeer {
  readonly pieces: PeerPieces;
  readonly said: PeerMessage[] = [];
  readonly peer: PeerDownload;
  bans = 0;
  /** How often it was left for others. */
  left = 0;
  readonly #decoder = new WireDecoder({ lengthMax: 1_000_000 });

  constructor(
    download: TorrentDownload,
    clock: VirtualClock,
    { fast, pieces }: { readonly fast: boolean; readonly pieces: number },
  ) {
    this.pieces = new PeerPieces(pieces);
    this.peer = new PeerDownload(download, {
      send: (bytes) => this.#hear(bytes),
      ...{ nowMs: () => clock.nowMs(), fast },
      ban: () => {
        this.bans += 1;
      },
      makeRoom: () => {
        this.left += 1;
      },
    });
  }

  /** Says that it has all, and unchokes. */
  offer(): this {
    this.pieces.setAll();
    this.peer.has({ kind: "have-all" }, this.pieces);
    this.peer.receive({ kind: "unchoke" });
    return this;
  }

  kinds(): readonly string[] {
    return this.said.map(({ kind }) => kind);
  }

  requests(): readonly Block[] {
    return this.said.flatMap((message) => (message.kind === "request" ? [message] : []));
  }

  send({ piece, begin, length }: Block): unknown {
    return this.peer.receive({ kind: "piece", piece, begin, data: Buffer.alloc(length) });
  }

  reject({ piece, begin, length }: Block): void {
    this.peer.receive({ kind: "reject-request", piece, begin, length });
  }

  #hear(bytes: Uint8Array): void {
    this.#decoder.push(Uint8Array.from(bytes));
    for (let next = this.#decoder.next(); next !== null; next = this.#decoder.next()) {
      ok(next.kind !== "violation");
      this.said.push(next);
    }
  }
}

function given({ fast = false, othersWait = false, pieces = PIECES } = {}): {
  download: TorrentDownload;
  clock: VirtualClock;
  join: () => GivenPeer;
} {
  const clock = new VirtualClock();
  const pieceLengthBytes = BLOCKS_PER_PIECE * BLOCK_BYTES;
  const download = new TorrentDownload(
    {
      shape: { pieceCount: pieces, pieceLengthBytes, sizeBytes: pieces * pieceLengthBytes },
      have: Bitfield.empty(pieces),
      memory: new DownloadMemory(1_000_000_000),
      store: () => {},
      peersFound: () => {},
      othersWait: () => othersWait,
    },
    { below: () => 0 },
  );
  return { download, clock, join: () => new GivenPeer(download, clock, { fast, pieces }) };
}

test("a PeerDownload tells its interest once, and takes it back when nothing is left", () => {
  const { download, join } = given();
  const peer = join();
  deepEqual(peer.kinds(), []);
  peer.pieces.add(1);
  peer.peer.has({ kind: "have", piece: 1 }, peer.pieces);
  peer.peer.has({ kind: "have", piece: 1 }, peer.pieces);
  deepEqual(peer.kinds(), ["interested"]);
  equal(peer.peer.amInterested, true);
  download.verified(1);
  deepEqual(peer.kinds(), ["interested", "not-interested"]);
});

test("a PeerDownload asks for nothing while it is choked, and again once it is not", () => {
  const { join } = given();
  const peer = join().offer();
  const before = peer.requests().length;
  ok(before > 0);
  peer.peer.receive({ kind: "choke" });
  equal(peer.peer.unchokedUsAtMs, null);
  peer.peer.wake();
  equal(peer.requests().length, before);
  peer.peer.receive({ kind: "unchoke" });
  ok(peer.requests().length > before);
});

test("a PeerDownload that is choked each time before a block comes rests after a few times", () => {
  const { clock, join } = given();
  const peer = join().offer();
  for (let flips = 0; flips < 1_000; flips += 1) {
    peer.peer.receive({ kind: "choke" });
    peer.peer.receive({ kind: "unchoke" });
  }
  const asked = peer.requests().length;
  equal(asked, 2 * (CHOKES_IN_VAIN_MAX + 1));
  clock.advance(1_000);
  peer.peer.tick(clock.nowMs());
  const [again] = peer.requests().slice(asked);
  ok(again !== undefined, "it is given another chance");
  peer.send(again);
  for (let flips = 0; flips < CHOKES_IN_VAIN_MAX; flips += 1) {
    const before = peer.requests().length;
    peer.peer.receive({ kind: "choke" });
    peer.peer.receive({ kind: "unchoke" });
    ok(peer.requests().length > before, "who sends something is not rested from");
  }
});

test("a PeerDownload that gives nothing is left when others wait", () => {
  const { clock, join } = given({ othersWait: true });
  const [useful, useless] = [join().offer(), join().offer()];
  clock.advance(DOWNLOAD_USELESS_MS_MAX - 1);
  const [first] = useful.requests();
  ok(first !== undefined);
  useful.send(first);
  for (const each of [useful, useless]) each.peer.tick(clock.nowMs());
  deepEqual([useful.left, useless.left], [0, 0]);
  clock.advance(1);
  for (const each of [useful, useless]) each.peer.tick(clock.nowMs());
  deepEqual([useful.left, useless.left], [0, 1]);
  deepEqual([useful.peer.wasOfUse, useless.peer.wasOfUse], [true, false]);
});

test("a PeerDownload that gives nothing stays where nobody waits", () => {
  const { clock, join } = given();
  const peer = join().offer();
  clock.advance(100 * DOWNLOAD_USELESS_MS_MAX);
  peer.peer.tick(clock.nowMs());
  equal(peer.left, 0);
});

test("a PeerDownload's blocks go to another when it chokes", () => {
  const { join } = given();
  const [one, other] = [join().offer(), join().offer()];
  const [first] = one.requests();
  ok(first !== undefined);
  one.peer.receive({ kind: "choke" });
  for (let at = 0; at < PIECES * BLOCKS_PER_PIECE; at += 1) {
    const next = other.requests()[at];
    ok(next !== undefined, "the other peer is not asked for everything");
    other.send(next);
  }
  equal(other.requests().filter((each) => each.piece === first.piece).length, BLOCKS_PER_PIECE);
});

test("a PeerDownload of who speaks BEP 6 waits at a choke for what it was asked for", () => {
  const { join } = given({ fast: true });
  const peer = join().offer();
  const asked = peer.requests();
  const [first] = asked;
  ok(first !== undefined);
  peer.peer.receive({ kind: "choke" });
  peer.send(first);
  peer.peer.receive({ kind: "unchoke" });
  const again = peer.requests().slice(asked.length);
  const isTwice = again.some(({ piece, begin }) =>
    asked.some((each) => each.piece === piece && each.begin === begin),
  );
  ok(!isTwice, "nothing is asked for twice");
});

test("a PeerDownload of who speaks BEP 6 and says nothing at a choke gives its blocks up", () => {
  const { clock, download, join } = given({ fast: true });
  const [one, other] = [join().offer(), join()];
  const asked = one.requests();
  ok(asked.length > 0);
  one.peer.receive({ kind: "choke" });
  clock.advance(9_999);
  one.peer.tick(clock.nowMs());
  equal(download.wastedBytes, 0);
  for (const block of asked.slice(0, 1)) one.send(block);
  equal(download.wastedBytes, 0, "it may still send what it was asked for");
  clock.advance(1);
  one.peer.tick(clock.nowMs());
  other.offer();
  for (let at = 0; at < PIECES * BLOCKS_PER_PIECE - 1; at += 1) {
    const next = other.requests()[at];
    ok(next !== undefined, "the other peer is not asked for everything");
    other.send(next);
  }
});

test("a PeerDownload that is refused while unchoked rests, and longer each time", () => {
  const { clock, join } = given();
  const peer = join().offer();
  for (const restMs of [1_000, 2_000, 4_000]) {
    const asked = peer.requests();
    const open = asked.slice(-2);
    for (const request of open) peer.reject(request);
    peer.peer.wake();
    equal(peer.requests().length, asked.length);
    clock.advance(restMs - 1);
    peer.peer.tick(clock.nowMs());
    equal(peer.requests().length, asked.length);
    clock.advance(1);
    peer.peer.tick(clock.nowMs());
    ok(peer.requests().length > asked.length);
  }
});

test("a PeerDownload does not rest for the rejection of what was cancelled", () => {
  const { download, join } = given();
  const peer = join().offer();
  const [first] = peer.requests();
  ok(first !== undefined);
  download.verified(first.piece);
  ok(peer.kinds().includes("cancel"));
  const before = peer.requests().length;
  for (const each of peer.requests()) if (each.piece === first.piece) peer.reject(each);
  for (const each of peer.requests().slice(-1)) peer.send(each);
  ok(peer.requests().length > before);
});

test("a PeerDownload that sends nothing is slow, then gives its blocks to others", () => {
  const { clock, join } = given();
  const silent = join().offer();
  const taken = silent.requests();
  clock.advance(PIECE_TIMEOUT_MS);
  silent.peer.tick(clock.nowMs());
  clock.advance(REQUEST_TIMEOUT_MS - PIECE_TIMEOUT_MS);
  const other = join().offer();
  silent.peer.tick(clock.nowMs());
  for (let at = 0; at < PIECES * BLOCKS_PER_PIECE; at += 1) {
    const next = other.requests()[at];
    if (next !== undefined) other.send(next);
  }
  for (const { piece, begin } of taken) {
    ok(other.requests().some((each) => each.piece === piece && each.begin === begin));
  }
});

test("a PeerDownload may send blocks late that were cancelled, and few unasked ones", () => {
  const { download, join } = given();
  const peer = join().offer();
  const [first] = peer.requests();
  ok(first !== undefined);
  download.verified(first.piece);
  equal(peer.send(first), null);
  for (let sent = 0; sent < UNASKED_BLOCKS_MAX; sent += 1) equal(peer.send(first), null);
  // A second request of the same piece may have been cancelled too.
  for (let sent = 0; sent < BLOCKS_PER_PIECE; sent += 1) peer.send(first);
  deepEqual(peer.send(first), { kind: "violation", code: "blocks-unasked" });
});

test("a PeerDownload is banned that sent all of a corrupt piece", () => {
  const { download, join } = given();
  const peer = join().offer();
  for (let at = 0; at < BLOCKS_PER_PIECE; at += 1) {
    const next = peer.requests()[at];
    ok(next !== undefined);
    peer.send(next);
  }
  download.failed(peer.requests()[0]?.piece ?? -1);
  equal(peer.bans, 1);
});

test("a PeerDownload that ends takes its interest back, and asks for nothing more", () => {
  const { download, join } = given();
  const peer = join().offer();
  peer.peer.end();
  peer.peer.end();
  equal(peer.kinds().at(-1), "not-interested");
  equal(download.sourceCount, 0);
  const { length } = peer.said;
  peer.peer.wake();
  equal(peer.said.length, length);
});

test("a PeerDownload asks who chokes us for the pieces that it allows, and no other", () => {
  const { clock, download, join } = given({ fast: true });
  const peer = join();
  peer.pieces.setAll();
  peer.peer.has({ kind: "have-all" }, peer.pieces);
  for (const piece of [5, 3, PIECES]) peer.peer.receive({ kind: "allowed-fast", piece });
  for (let at = 0; at < 2 * BLOCKS_PER_PIECE; at += 1) {
    const next = peer.requests()[at];
    ok(next !== undefined, "it is not asked for all that it allows");
    peer.send(next);
    // As long as blocks come it is waited for.
    clock.advance(30_000);
    peer.peer.tick(clock.nowMs());
  }
  const pieces = peer.requests().map(({ piece }) => piece);
  deepEqual(pieces, [...Array(BLOCKS_PER_PIECE).fill(5), ...Array(BLOCKS_PER_PIECE).fill(3)]);
  deepEqual(
    [5, 3].map((piece) => download.isStoring(piece)),
    [true, true],
  );
  peer.peer.receive({ kind: "unchoke" });
  ok(peer.requests().some(({ piece }) => piece !== 5 && piece !== 3));
});

test("a PeerDownload does not ask again for an allowed piece that was refused", () => {
  const { join } = given({ fast: true });
  const [peer, other] = [join(), join()];
  peer.pieces.setAll();
  peer.peer.has({ kind: "have-all" }, peer.pieces);
  peer.peer.receive({ kind: "allowed-fast", piece: 5 });
  const asked = peer.requests();
  ok(asked.length > 0);
  for (const block of asked) peer.reject(block);
  peer.peer.wake();
  equal(peer.requests().length, asked.length);
  other.offer();
  for (let at = 0; at < PIECES * BLOCKS_PER_PIECE; at += 1) {
    const next = other.requests()[at];
    ok(next !== undefined, "the other peer is not asked for everything");
    other.send(next);
  }
});

test("a PeerDownload keeps what was asked for of allowed pieces when it is choked", () => {
  const { clock, join } = given({ fast: true });
  const peer = join();
  peer.peer.receive({ kind: "allowed-fast", piece: 5 });
  peer.offer();
  const asked = peer.requests();
  peer.peer.receive({ kind: "choke" });
  clock.advance(10_000);
  peer.peer.tick(clock.nowMs());
  const again = peer.requests().slice(asked.length);
  const isAllowed = (each: Block): boolean => each.piece === 5;
  ok(again.every(isAllowed));
  const all = peer.requests().filter(isAllowed);
  equal(new Set(all.map(({ begin }) => begin)).size, all.length, "nothing is asked for twice");
});

test("a PeerDownload takes no more allowed pieces than it may", () => {
  const { join } = given({ fast: true, pieces: 2 * ALLOWED_FAST_TAKEN_MAX });
  const peer = join();
  peer.pieces.setAll();
  peer.peer.has({ kind: "have-all" }, peer.pieces);
  for (let piece = 0; piece < 2 * ALLOWED_FAST_TAKEN_MAX; piece += 1) {
    peer.peer.receive({ kind: "allowed-fast", piece });
  }
  for (let at = 0; at < peer.requests().length; at += 1) {
    const next = peer.requests()[at];
    if (next !== undefined) peer.send(next);
  }
  equal(peer.requests().length, BLOCKS_PER_PIECE * ALLOWED_FAST_TAKEN_MAX);
});

test("a PeerDownload's queue grows with what the peer sends", () => {
  const { clock, join } = given();
  const peer = join().offer();
  equal(peer.requests().length, 2);
  for (let at = 0; at < 8; at += 1) {
    const next = peer.requests()[at];
    if (next !== undefined) peer.send(next);
  }
  ok(peer.requests().length > 12);
  equal(peer.peer.receivedBytes, 8 * BLOCK_BYTES);
  equal(peer.peer.blockAtMs, clock.nowMs());
});
