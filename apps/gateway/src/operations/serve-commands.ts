import type { Bus } from "@seedfleet/bus";
import { drainCall, preheatCall } from "@seedfleet/contracts";
import type { Log } from "@seedfleet/telemetry";
import type { Preheats } from "../fills/preheats.ts";

type CommandPorts = {
  readonly bus: Bus;
  readonly log: Log;
  readonly preheats: Preheats;
  readonly peerCount: () => number;
  /** Has the process drain and end, as a signal does. */
  readonly requestStop: () => void;
};

/** Serves what an operator may have this gateway do. Once disposed, nobody answers for it. */
export function serveCommands(
  { bus, log, preheats, peerCount, requestStop }: CommandPorts,
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
    return { peers: peerCount() };
  });
  return {
    [Symbol.dispose]() {
      preheat.unsubscribe();
      drain.unsubscribe();
    },
  };
}
