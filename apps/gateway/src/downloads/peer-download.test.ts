import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { Bitfield } from "@seedfleet/bitfield";
import { type Block, PIECE_TIMEOUT_MS, REQUEST_TIMEOUT_MS } from "@seedfleet/picker";
import { VirtualClock } from "@seedfleet/testkit";
import { type PeerMessage, WireDecoder } from "@seedfleet/wire";
import { PeerPieces } from "../peers/peer-pieces.ts";
import { DownloadMemory } from "./download-memory.ts";
import { PeerDownload, UNASKED_BLOCKS_MAX } from "./peer-download.ts";
import { TorrentDownload } from "./torrent-download.ts";

const BLOCK_BYTES = 16_384;
const PIECES = 8;
const BLOCKS_PER_PIECE = 4;

class GivenPeer {
  readonly pieces = new PeerPieces(PIECES);
  readonly said: PeerMessage[] = [];
  readonly peer: PeerDownload;
  bans = 0;
  readonly #decoder = new WireDecoder({ lengthMax: 1_000_000 });

  constructor(
    download: TorrentDownload,
    clock: VirtualClock,
    { fast }: { readonly fast: boolean },
  ) {
    this.peer = new PeerDownload(download, {
      send: (bytes) => this.#hear(bytes),
      ...{ nowMs: () => clock.nowMs(), fast },
      ban: () => {
        this.bans += 1;
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

function given({ fast = false } = {}): {
  download: TorrentDownload;
  clock: VirtualClock;
  join: () => GivenPeer;
} {
  const clock = new VirtualClock();
  const pieceLengthBytes = BLOCKS_PER_PIECE * BLOCK_BYTES;
  const download = new TorrentDownload(
    {
      shape: { pieceCount: PIECES, pieceLengthBytes, sizeBytes: PIECES * pieceLengthBytes },
      have: Bitfield.empty(PIECES),
      memory: new DownloadMemory(1_000_000_000),
      store: () => {},
      peersFound: () => {},
    },
    { below: () => 0 },
  );
  return { download, clock, join: () => new GivenPeer(download, clock, { fast }) };
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
