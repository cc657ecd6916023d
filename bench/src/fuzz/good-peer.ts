import { BenchError } from "../bench-error.ts";
import { routeInOrder } from "../load/block-route.ts";
import { LoadConnection } from "../load/load-connection.ts";
import { RequestPlan } from "../load/request-plan.ts";
import type { SessionTarget } from "./fuzz-session.ts";

/** The content is small, and a gateway answers at once: who waits so long waits for ever. */
const DOWNLOAD_MS_MAX = 30_000;

const PIPELINE = 32;

/** Downloads all of a torrent and checks every byte; throws if one is wrong, or none comes. */
export async function downloadAll(
  { host, port, metainfo }: SessionTarget,
  serial: number,
): Promise<void> {
  const requests = new RequestPlan(metainfo);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const connection = new LoadConnection(
    {
      ...{ metainfo, requests, host, port, serial, pipeline: PIPELINE },
      route: routeInOrder(requests, 0),
      blocksMax: requests.blockCount,
      isSampled: () => true,
    },
    { flowing: () => {}, complete: resolve, failed: reject },
  );
  const slow = new BenchError(`a good peer did not get all in ${DOWNLOAD_MS_MAX} ms`);
  const timer = setTimeout(reject, DOWNLOAD_MS_MAX, slow);
  await promise.finally(() => {
    clearTimeout(timer);
    connection.close();
  });
  if (connection.verifiedCount === metainfo.pieceCount) return;
  throw new BenchError(`a good peer got ${connection.verifiedCount} pieces whole`);
}
