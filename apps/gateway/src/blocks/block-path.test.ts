import { equal, ok } from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { VirtualClock } from "@seedfleet/testkit";
import { BATCH_BYTES_MAX, WAITING_BATCH_BYTES_MAX } from "../peers/peer-limits.ts";
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
const CACHE_BYTES = 1_000_000;
const MORE_THAN_A_SOCKET_TAKES = 32_000_000;

const UNLIMITED = {
  ...{ uploadBytesPerSecond: null, torrentUploadBytesPerSecond: null },
  ...{ peerUploadBytesPerSecond: null, uploadPromises: {} },
};

test("BlockPath.answersLately() holds while one waits for a limit, and a while after", async () => {
  await using stack = new AsyncDisposableStack();
  const { taker, clock, path } = await given(stack, {
    upload: { ...UNLIMITED, uploadBytesPerSecond: ANSWER.length },
    answers: [ANSWER, ANSWER],
  });
  let takenBytes = 0;
  taker.on("data", ({ length }: Buffer) => {
    takenBytes += length;
  });
  equal(path.answersLately(clock.nowMs()), false);
  path.flush();
  await until(() => takenBytes === ANSWER.length);
  equal(path.isAnswering, true);
  clock.advance(990);
  await until(() => !path.isAnswering && takenBytes === 2 * ANSWER.length);
  equal(path.answersLately(clock.nowMs()), true);
  clock.advance(2_000);
  equal(path.answersLately(clock.nowMs()), false);
});

test("BlockPath makes batches short for as long as a socket holds much", async () => {
  await using stack = new AsyncDisposableStack();
  const answers = [Buffer.alloc(MORE_THAN_A_SOCKET_TAKES)];
  const { taker, clock, path, batchSize } = await given(stack, { upload: UNLIMITED, answers });
  const bytes = (): number => batchSize.bytesFor({ countedIn: -1 }, clock.nowMs());
  path.flush();
  equal(bytes(), WAITING_BATCH_BYTES_MAX);
  taker.resume();
  await until(() => path.fullSinceMs === null);
  equal(bytes(), BATCH_BYTES_MAX);
});

test("BlockPath makes batches long again when a socket that holds much is closed", async () => {
  await using stack = new AsyncDisposableStack();
  const answers = [Buffer.alloc(MORE_THAN_A_SOCKET_TAKES)];
  const { socket, clock, path, batchSize } = await given(stack, { upload: UNLIMITED, answers });
  const bytes = (): number => batchSize.bytesFor({ countedIn: -1 }, clock.nowMs());
  path.flush();
  equal(bytes(), WAITING_BATCH_BYTES_MAX);
  socket.destroy();
  await until(() => bytes() === BATCH_BYTES_MAX);
});

type Given = {
  readonly upload: ConstructorParameters<typeof UploadLimiter>[1];
  /** What the peer is to be sent. */
  readonly answers: Buffer[];
};

/** A peer's path whose socket ends at `taker`, which reads once it is told to. */
async function given(stack: AsyncDisposableStack, { upload, answers }: Given) {
  const clock = new VirtualClock();
  const server = stack.use(createServer());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  ok(typeof address === "object" && address !== null);
  const accepted = once(server, "connection");
  const socket = connect(address.port, "127.0.0.1");
  stack.defer(() => void socket.destroy());
  const [taker]: Socket[] = await accepted;
  ok(taker);
  stack.defer(() => void taker.destroy());

  const limiter = new UploadLimiter(clock, upload);
  stack.defer(() => limiter.stop());
  const torrent = new Torrent(ONE.metainfo, ONE.entry);
  const session = new PeerSession({
    ...{ shape: torrent.metainfo, have: torrent.have, told: ToldPieces.all(), fast: true },
    ...{ extensions: null, download: null, hasTree: false },
  });
  const cache = new PieceCache({ bytesMax: CACHE_BYTES, shared: false });
  const fills = { want: () => {}, prefetch: () => {} };
  const batchSize = new BatchSize({ cacheBytes: CACHE_BYTES });
  const path = new BlockPath(
    { clock, cache, passing: null, fills, limiter, batchSize },
    {
      ...{ stream: new PeerStream(socket), session, torrent, traceId: "", mark: 1 },
      nextAnswer: () => answers.shift() ?? null,
      blockSent: null,
      pieceMissing: () => {},
    },
  );
  return { taker, socket, clock, path, batchSize };
}
