import type { Bus } from "@seedfleet/bus";
import { drainCall, explainCall, preheatCall } from "@seedfleet/contracts";
import type { Log } from "@seedfleet/telemetry";
import type { Preheats } from "../fills/preheats.ts";
import type { Swarms } from "../swarms/swarms.ts";

type CommandPorts = {
  readonly bus: Bus;
  readonly log: Log;
  readonly preheats: Preheats;
  readonly swarms: Pick<Swarms, "explain" | "peerCount">;
  /** Has the process drain and end, as a signal does. */
  readonly requestStop: () => void;
};

/** Serves what an operator may ask of this gateway or have it do, until it is disposed. */
export function serveCommands(
  { bus, log, preheats, swarms, requestStop }: CommandPorts,
  gateway: string,
): Disposable {
  const params = { gateway };
  const preheat = bus.serveStream(preheatCall, { params }, (request, _, signal) => {
    log.info("preheat asked for", { infoHash: request.infoHash });
    return preheats.run(request, signal);
  });
  const drain = bus.serve(drainCall, { params }, () => {
    log.info("drain asked for");
    requestStop();
    return { peers: swarms.peerCount };
  });
  const explain = bus.serve(explainCall, { params }, (request) => swarms.explain(request));
  return {
    [Symbol.dispose]() {
      preheat.unsubscribe();
      drain.unsubscribe();
      explain.unsubscribe();
    },
  };
}
