import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { peerKey } from "@seedfleet/choker";
import { turn } from "@seedfleet/testkit";
import type { FillOutcome } from "../fills/piece-source.ts";
import { givenPeerId } from "../testing-peer.ts";
import { givenTorrent } from "../testing-torrent.ts";
import type { Torrent } from "../torrents/torrent.ts";
import { BatchedPort } from "./batched-port.ts";
import { HubClient } from "./hub-client.ts";
import { LeasedPieces } from "./leased-pieces.ts";
import type { FromWorker, ToWorker } from "./worker-messages.ts";

const ONE = givenTorrent("one");
const { infoHash } = ONE.metainfo;
const NUMBER = 7;
const TOLD = { metainfo: ONE.bytes, entry: ONE.entry, gone: [] };
const PEER = {
  ...{ peerKey: peerKey("peer-1"), peerId: givenPeerId("peer") },
  ...{ askedAs: infoHash, host: "192.0.2.1", superSeeded: true, fast: true },
};

test("HubClient is told of a torrent once, and knows it by its number then", async () => {
  const given = new GivenHub();
  const first = given.hub.find(infoHash);
  const second = given.hub.find(infoHash);
  deepEqual(given.said(), [
    { kind: "find", call: 1, infoHash },
    { kind: "find", call: 2, infoHash },
  ]);
  given.hears({
    kind: "found",
    call: 2,
    found: { torrent: NUMBER, downloading: false, told: TOLD },
  });
  given.hears({
    kind: "found",
    call: 1,
    found: { torrent: NUMBER, downloading: false, told: null },
  });
  const [one, two] = await Promise.all([first, second]);
  ok(one.kind === "torrent" && two.kind === "torrent");
  equal(one.torrent, two.torrent);
  equal(given.hub.torrentAt(NUMBER), one.torrent);
});

test("HubClient leaves out the pieces that are gone, at first and later", async () => {
  const given = new GivenHub();
  const torrent = await given.torrent([1]);
  deepEqual([torrent.have.has(1), torrent.have.has(2)], [false, true]);
  given.want(torrent, 2);
  given.hears({ kind: "no-piece", torrent: NUMBER, piece: 2, outcome: "gone" });
  equal(torrent.have.has(2), false);
  deepEqual(given.outcomes, ["gone"]);
});

const refusals = [
  { found: { refused: "torrent-unknown" }, reason: "torrent-unknown" },
  { found: { torrent: NUMBER, downloading: false, told: null }, reason: "torrent-unreadable" },
  {
    found: { torrent: NUMBER, downloading: false, told: { ...TOLD, metainfo: Buffer.from("no") } },
    reason: "torrent-unreadable",
  },
] as const;

for (const { found, reason } of refusals) {
  test(`HubClient given ${JSON.stringify(found).slice(0, 40)} refuses: ${reason}`, async () => {
    const given = new GivenHub();
    const finding = given.hub.find(infoHash);
    given.hears({ kind: "found", call: 1, found });
    deepEqual(await finding, { kind: "refused", reason });
  });
}

test("HubClient wants a piece once, and tells all who wait for it", async () => {
  const given = new GivenHub();
  const torrent = await given.torrent();
  given.want(torrent, 3);
  given.want(torrent, 3);
  equal(given.said().filter(({ kind }) => kind === "want").length, 1);
  given.lends(3, 11);
  deepEqual(given.outcomes, ["filled", "filled"]);
  ok(torrent.shelf.pieces[3] !== undefined);
});

test("HubClient wants a piece again that was evicted, also while it is told of", async () => {
  const given = new GivenHub();
  const torrent = await given.torrent();
  given.want(torrent, 3);
  given.lends(3, 11);
  given.hears({ kind: "evicted", lease: 11 });
  equal(torrent.shelf.pieces[3], undefined);
  deepEqual(given.said().slice(-1), [{ kind: "give-back", lease: 11 }]);
  let again = false;
  given.want(torrent, 3, () => {
    // As a peer does that has more requests than its batch takes.
    if (!again) given.want(torrent, 3);
    again = true;
  });
  given.hears({ kind: "no-piece", torrent: NUMBER, piece: 3, outcome: "gave-up" });
  equal(given.said().filter(({ kind }) => kind === "want").length, 2);
  given.lends(3, 12);
  deepEqual(given.outcomes, ["filled", "gave-up", "filled"]);
});

test("HubClient gives back a piece of a torrent forgotten meanwhile", async () => {
  const given = new GivenHub();
  const torrent = await given.torrent();
  given.want(torrent, 3);
  given.hears({ kind: "forget", torrent: NUMBER });
  given.lends(3, 11);
  deepEqual(given.said().slice(-1), [{ kind: "give-back", lease: 11 }]);
  deepEqual(given.outcomes, ["gave-up"]);
  // That the cache forgot it too is said of a lease which is not there.
  given.hears({ kind: "evicted", lease: 11 });
  deepEqual(given.said(), []);
});

test("HubClient asks for pieces of a forgotten torrent, and tells of none", async () => {
  const given = new GivenHub();
  const torrent = await given.torrent();
  given.hears({ kind: "forget", torrent: NUMBER });
  equal(given.hub.torrentAt(NUMBER), null);
  given.want(torrent, 0);
  given.hears({ kind: "no-piece", torrent: NUMBER, piece: 0, outcome: "gave-up" });
  deepEqual(given.outcomes, ["gave-up"]);
});

test("HubClient takes back once a second what nobody wants any more", async () => {
  const given = new GivenHub();
  const torrent = await given.torrent();
  let waits = true;
  const waiter = { waits: () => waits, tell: () => given.outcomes.push("filled") };
  given.hub.want(torrent, 3, { traceId: "0".repeat(32), waiter });
  given.want(torrent, 4);
  const [want] = given.said();
  ok(want?.kind === "want");
  given.hub.report(0);
  deepEqual(kindsOf(given.said()), ["sent"]);
  waits = false;
  given.hub.report(0);
  deepEqual(given.said()[0], { kind: "unwant", call: want.call });
  // It was on its way already: it is there for the next, and nobody is told.
  given.lends(3, 11);
  deepEqual([given.outcomes, torrent.shelf.pieces[3] === undefined], [[], false]);
  given.hub.report(0);
  deepEqual(kindsOf(given.said()), ["sent"]);
});

test("HubClient passes on what swarms say to the peers that are there", async () => {
  const given = new GivenHub();
  const torrent = await given.torrent();
  const heard: string[] = [];
  const control = {
    ...{ takenBytes: 0, download: null, havePieces: 0, uploadOnly: false },
    choke: () => void heard.push("choke"),
    unchoke: () => void heard.push("unchoke"),
    say: (bytes: Uint8Array) => void heard.push(`say ${bytes.length}`),
    exchangePeers: (payload: Uint8Array) => void heard.push(`pex ${payload.length}`),
    tell: (pieces: readonly number[] | "all") => void heard.push(`tell ${pieces}`),
    close: (reason: string) => void heard.push(reason),
  };
  given.hub.join(torrent, PEER, control);
  given.hub.interestChanged(torrent, PEER.peerKey, true);
  given.hub.had(torrent, PEER.peerKey, [1, 2]);
  const { peerKey: key } = PEER;
  given.hears({ kind: "unchoke", peerKey: key });
  given.hears({ kind: "exchange-peers", peerKey: key, payload: new Uint8Array(5) });
  given.hears({ kind: "say", peerKey: key, bytes: new Uint8Array(4) });
  given.hears({ kind: "tell", peerKey: key, pieces: [3] });
  control.takenBytes = 16_384;
  control.havePieces = 3;
  given.hub.report(20_000);
  given.hub.report(20_000);
  given.hears({ kind: "choke", peerKey: key });
  given.hears({ kind: "close", peerKey: key, reason: "torrent-removed" });
  given.hub.leave(torrent, key);
  given.hears({ kind: "unchoke", peerKey: key });
  deepEqual(heard, ["unchoke", "pex 5", "say 4", "tell 3", "choke", "torrent-removed"]);
  deepEqual(given.said(), [
    { kind: "joined", torrent: NUMBER, peer: PEER, isSource: false },
    { kind: "interest", peerKey: key, interested: true },
    { kind: "had", peerKey: key, pieces: [1, 2] },
    {
      ...{ kind: "sent", sentBytes: 20_000 },
      peers: [[key, { takenBytes: 16_384, havePieces: 3, uploadOnly: false }]],
    },
    { kind: "sent", sentBytes: 20_000, peers: [] },
    { kind: "left", peerKey: key },
  ]);
});

test("HubClient resolves an obfuscated hash, once", async () => {
  const given = new GivenHub();
  const resolving = given.hub.findObfuscated(Buffer.alloc(20, 1));
  given.hears({ kind: "found-obfuscated", call: 1, infoHash });
  given.hears({ kind: "found-obfuscated", call: 1, infoHash: null });
  equal(await resolving, infoHash);
  await turn();
});

/** A thread's side, whose other end says what the test has it say. */
class GivenHub {
  readonly outcomes: FillOutcome[] = [];
  readonly #sent: FromWorker[] = [];
  readonly #port = new BatchedPort<FromWorker>({
    postMessage: (messages) => void this.#sent.push(...messages),
  });
  readonly #visited = new Uint8Array(8);
  readonly hub: HubClient = new HubClient(
    this.#port,
    new LeasedPieces({
      bytesMax: 1_000_000,
      visited: this.#visited,
      giveBack: (lease) => this.#port.post({ kind: "give-back", lease }),
    }),
  );

  /** What it said since it was asked last. */
  said(): readonly FromWorker[] {
    this.#port.flush();
    return this.#sent.splice(0);
  }

  hears(message: ToWorker): void {
    this.hub.receive(message);
  }

  async torrent(gone: readonly number[] = []): Promise<Torrent> {
    const finding = this.hub.find(infoHash);
    this.hears({
      kind: "found",
      call: 1,
      found: { torrent: NUMBER, downloading: false, told: { ...TOLD, gone } },
    });
    const found = await finding;
    ok(found.kind === "torrent");
    this.said();
    return found.torrent;
  }

  want(torrent: Torrent, piece: number, told: () => void = () => {}): void {
    const tell = (outcome: FillOutcome): void => {
      this.outcomes.push(outcome);
      told();
    };
    const waiter = { waits: () => true, tell };
    this.hub.want(torrent, piece, { traceId: "0".repeat(32), waiter });
  }

  lends(piece: number, lease: number): void {
    const framed = new Uint8Array(new SharedArrayBuffer(100));
    this.hears({ kind: "piece", torrent: NUMBER, piece, lease, framed, slot: 0 });
  }
}

function kindsOf(messages: readonly FromWorker[]): readonly string[] {
  return messages.map(({ kind }) => kind);
}
