import { equal, ok } from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { test } from "node:test";
import { VirtualClock } from "@seedfleet/testkit";
import { PeerSession } from "../peers/peer-session.ts";
import { PeerStream } from "../peers/peer-stream.ts";
import { ToldPieces } from "../peers/told-pieces.ts";
import { until } from "../testing.ts";
import { givenTorrent } from "../testing-torrent.ts";
import { Torrent } from "../torrents/torrent.ts";
import { UploadLimiter } from "../upload/upload-limiter.ts";
import { BatchSize } from "./batch-size.ts";
import { BlockPath } from "./block-path.ts";
import { PieceCache } from "./piece-cache.ts";

const ANSWER = Buffer.alloc(16_384, 1);
const ONE = givenTorrent("one");

test("BlockPath.answersLately() holds while one waits for a limit, and a while after", async () => {
  const clock = new VirtualClock();
  await using server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  ok(typeof address === "object" && address !== null);
  const accepted = once(server, "connection");
  const socket = connect(address.port, "127.0.0.1");
  const [taker] = await accepted;
  let takenBytes = 0;
  taker.on("data", ({ length }: Buffer) => {
    takenBytes += length;
  });

  const limiter = new UploadLimiter(clock, {
    ...{ uploadBytesPerSecond: ANSWER.length, torrentUploadBytesPerSecond: null },
    ...{ peerUploadBytesPerSecond: null, uploadPromises: {} },
  });
  const torrent = new Torrent(ONE.metainfo, ONE.entry);
  const session = new PeerSession({
    ...{ shape: torrent.metainfo, have: torrent.have, told: ToldPieces.all(), fast: true },
    ...{ extensions: null, download: null, hasTree: false },
  });
  const answers = [ANSWER, ANSWER];
  const cache = new PieceCache({ bytesMax: 1_000_000, shared: false });
  const fills = { want: () => {}, prefetch: () => {} };
  const path = new BlockPath(
    { clock, cache, passing: null, fills, limiter, batchSize: new BatchSize() },
    {
      ...{ stream: new PeerStream(socket), session, torrent, traceId: "", mark: 1 },
      nextAnswer: () => answers.shift() ?? null,
      blockSent: null,
      pieceMissing: () => {},
    },
  );
  equal(path.answersLately(clock.nowMs()), false);
  path.flush();
  await until(() => takenBytes === ANSWER.length);
  equal(path.isAnswering, true);
  clock.advance(990);
  await until(() => !path.isAnswering && takenBytes === 2 * ANSWER.length);
  equal(path.answersLately(clock.nowMs()), true);
  clock.advance(2_000);
  equal(path.answersLately(clock.nowMs()), false);
  limiter.stop();
  socket.destroy();
});
