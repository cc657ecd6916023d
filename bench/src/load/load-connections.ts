import type { Metainfo } from "@seedfleet/metainfo";
import { type BlockRoute, routeByPiece, routeInOrder, shuffledPieces } from "./block-route.ts";
import { type ConnectionPlan, LoadConnection } from "./load-connection.ts";
import type { LoadSpec, TimedLoad } from "./load-spec.ts";
import { RequestPlan } from "./request-plan.ts";

/** Each connection hashes one piece in so many, a few percent of the load's own time. */
const SAMPLED_EVERY = 31;

/** Of pieces at random few come in a window, since they are long and a cold seeder is slower. */
const SAMPLED_EVERY_AT_RANDOM = 7;

/** Keeps the seeds of a run's connections apart from those of the next run. */
const CONNECTIONS_MAX = 10_000;

/** The connections of one process. */
export type Load = {
  readonly connections: readonly LoadConnection[];
  /** Every one had its first block. */
  readonly flowing: Promise<unknown>;
  /** Every one had all it asks for. */
  readonly complete: Promise<unknown>;
  /** Rejects with the first failure, and never resolves. */
  readonly failure: Promise<never>;
};

type Asked = Pick<ConnectionPlan, "route" | "blocksMax" | "isSampled">;

export function startLoad(spec: LoadSpec, metainfo: Metainfo): Load {
  const content = { metainfo, requests: new RequestPlan(metainfo) };
  const { load } = spec;
  const serials = load === "one-pass" ? [0] : load.serials;
  const failure = Promise.withResolvers<never>();
  const flows = serials.map(() => Promise.withResolvers<void>());
  const completions = serials.map(() => Promise.withResolvers<void>());
  const connections = serials.map((serial, at) => {
    const asked = load === "one-pass" ? wholePass(content) : endless(content, load, serial);
    const plan = { ...spec, ...content, ...asked, serial };
    return new LoadConnection(plan, {
      flowing: () => flows[at]?.resolve(),
      complete: () => completions[at]?.resolve(),
      failed: failure.reject,
    });
  });
  return {
    connections,
    flowing: Promise.all(flows.map(({ promise }) => promise)),
    complete: Promise.all(completions.map(({ promise }) => promise)),
    failure: failure.promise,
  };
}

type LoadContent = { readonly metainfo: Metainfo; readonly requests: RequestPlan };

function endless(content: LoadContent, load: TimedLoad, serial: number): Asked {
  const every = load.order.kind === "in-order" ? SAMPLED_EVERY : SAMPLED_EVERY_AT_RANDOM;
  const sampledEvery = Math.min(every, content.metainfo.pieceCount);
  return {
    route: routeOf(content, load, serial),
    blocksMax: Number.POSITIVE_INFINITY,
    isSampled: (piece) => piece % sampledEvery === serial % sampledEvery,
  };
}

function routeOf(content: LoadContent, load: TimedLoad, serial: number): BlockRoute {
  const { metainfo, requests } = content;
  const { connections, order } = load;
  if (order.kind === "random-pieces") {
    const seed = order.seed * CONNECTIONS_MAX + serial;
    return routeByPiece(requests, shuffledPieces(metainfo.pieceCount, seed));
  }
  const firstPiece = Math.floor((serial * metainfo.pieceCount) / connections);
  return routeInOrder(requests, requests.blocksOf(firstPiece).first);
}

function wholePass({ requests }: LoadContent): Asked {
  return {
    route: routeInOrder(requests, 0),
    blocksMax: requests.blockCount,
    isSampled: () => true,
  };
}
