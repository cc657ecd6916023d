import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { Bitfield } from "@seedfleet/bitfield";
import { createBus } from "@seedfleet/bus";
import { openEmbeddedBus } from "@seedfleet/bus-embedded";
import { offeredPieceCall, writePieceCall } from "@seedfleet/contracts";
import { SeedfleetError } from "@seedfleet/runtime";
import { recordingTelemetry } from "@seedfleet/telemetry";
import { advanceUntil, turn, VirtualClock } from "@seedfleet/testkit";
import { until } from "../testing.ts";
import { givenTorrent, HOLDER } from "../testing-torrent.ts";
import { Torrent } from "../torrents/torrent.ts";
import { DownloadMemory } from "./download-memory.ts";
import { PieceStoring, STORE_RETRY_MS } from "./piece-storing.ts";
import { PieceWrites } from "./piece-writes.ts";
import { TorrentDownload } from "./torrent-download.ts";
import { downloadShape } from "./torrent-shape.ts";

const GATEWAY = "gateway-1";

/** What the store says of a piece that it has fetched. */
type Verdict = (piece: number, bytes: Buffer) => "verified" | "corrupt";

class GivenStoring implements AsyncDisposable {
  readonly clock = new VirtualClock();
  readonly telemetry = recordingTelemetry();
  readonly bus = createBus(openEmbeddedBus({ file: null }), this);
  readonly given = givenTorrent("stored");
  readonly torrent: Torrent;
  readonly download: TorrentDownload;
  readonly storing: PieceStoring;
  readonly writes = new PieceWrites({ bus: this.bus, count: () => {} }, GATEWAY);
  readonly stalls: boolean[] = [];
  readonly fetched: number[] = [];

  constructor(verdict: Verdict) {
    const { metainfo, entry } = this.given;
    const { infoHash } = metainfo;
    this.torrent = new Torrent(metainfo, entry, Bitfield.empty(metainfo.pieceCount));
    const ports = {
      ...{ clock: this.clock, log: this.telemetry.log, writes: this.writes },
      torrents: {
        got: ({ have, download }: Torrent, piece: number) => {
          if (have.add(piece)) download?.verified(piece);
        },
      },
    };
    this.storing = new PieceStoring(ports, {
      ...{ torrent: this.torrent, holder: HOLDER },
      stalled: (isStalled) => this.stalls.push(isStalled),
    });
    this.download = new TorrentDownload(
      {
        ...{ shape: downloadShape(metainfo), have: this.torrent.have },
        ...{ peersFound: () => {}, othersWait: () => false },
        memory: new DownloadMemory(100_000_000),
        store: (piece, bytes) => this.storing.store(piece, bytes),
      },
      { below: () => 0 },
    );
    this.torrent.download = this.download;
    this.bus.serve(writePieceCall, { params: { holder: HOLDER } }, async ({ piece }) => {
      const chunks: Uint8Array[] = [];
      const offer = { infoHash, piece };
      for await (const chunk of this.bus.stream(offeredPieceCall, { process: GATEWAY }, offer)) {
        chunks.push(Uint8Array.from(chunk));
      }
      this.fetched.push(piece);
      return { outcome: verdict(piece, Buffer.concat(chunks)) };
    });
  }

  /** Has a source send all that it is asked for, of so many pieces. */
  receive(pieces: number): void {
    const peer = this.download.join({ cancel() {}, wake() {}, ban() {} });
    const { content, metainfo } = this.given;
    this.download.setPieces(peer, Bitfield.full(metainfo.pieceCount));
    for (let at = 0; at < pieces; at += 1) {
      for (const { piece, begin, length } of this.download.ask(peer, 4)) {
        const from = piece * metainfo.pieceLengthBytes + begin;
        const data = content.subarray(from, from + length);
        this.download.receive(peer, { piece, begin, data });
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.writes[Symbol.dispose]();
    await advanceUntil(this.clock, 100, this.bus.close());
  }
}

function full(): SeedfleetError {
  return new SeedfleetError("the disk is full", { code: "content-full" });
}

test("PieceStoring has the store take whole pieces as they were received", async () => {
  let same = 0;
  await using given = new GivenStoring((piece, bytes) => {
    const { content, metainfo } = given.given;
    const at = piece * metainfo.pieceLengthBytes;
    if (bytes.equals(content.subarray(at, at + metainfo.pieceLengthBytes))) same += 1;
    return "verified";
  });
  const { pieceCount } = given.given.metainfo;
  given.receive(pieceCount);
  await until(() => given.torrent.have.isFull);
  equal(same, pieceCount);
  deepEqual(given.stalls, []);
});

test("PieceStoring has a corrupt piece downloaded anew", async () => {
  const judged: number[] = [];
  await using given = new GivenStoring((piece) => {
    judged.push(piece);
    return judged.length === 1 ? "corrupt" : "verified";
  });
  given.receive(1);
  await until(() => given.download.wastedBytes > 0);
  equal(given.download.isStoring(judged[0] ?? -1), false);
  given.receive(given.given.metainfo.pieceCount);
  await until(() => given.torrent.have.isFull);
});

test("PieceStoring pauses while the store cannot take it, and goes on by itself", async () => {
  let isFull = true;
  await using given = new GivenStoring(() => {
    if (isFull) throw full();
    return "verified";
  });
  given.receive(2);
  await until(() => given.stalls.length === 1);
  equal(given.download.pausedBecause?.includes("the disk is full"), true);
  await until(() => given.fetched.length === 2);
  given.receive(5);
  equal(given.torrent.have.count, 0);
  given.clock.advance(STORE_RETRY_MS);
  // It is still full: what is there is offered again, and nothing more is asked for.
  await until(() => given.fetched.length === 4);
  const { begunBytes } = given.download;
  given.receive(5);
  equal(given.download.begunBytes, begunBytes);
  deepEqual(given.stalls, [true]);
  isFull = false;
  while (given.torrent.have.count < 2) {
    given.clock.advance(STORE_RETRY_MS);
    await turn();
  }
  deepEqual(given.stalls, [true, false]);
  equal(given.download.pausedBecause, null);
  given.receive(given.given.metainfo.pieceCount);
  await until(() => given.torrent.have.isFull);
});

test("PieceStoring does not offer again what another gateway brought meanwhile", async () => {
  let isFull = true;
  await using given = new GivenStoring(() => {
    if (isFull) throw full();
    return "verified";
  });
  given.receive(1);
  await until(() => given.stalls.length === 1);
  const [piece = -1] = given.fetched;
  given.torrent.have.add(piece);
  given.download.verified(piece);
  isFull = false;
  given.clock.advance(STORE_RETRY_MS);
  await until(() => given.stalls.length === 2);
  given.receive(1);
  await until(() => given.torrent.have.count === 2);
  equal(given.fetched.filter((each) => each === piece).length, 1);
});
