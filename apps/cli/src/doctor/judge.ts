import { CHECKS, type Finding, problem } from "./finding.ts";
import { judgeBus } from "./judge-bus.ts";
import { judgeClocks } from "./judge-clocks.ts";
import { judgeGateways, unseenFromInside } from "./judge-gateways.ts";
import { judgeDisks, judgePorts, judgeSources } from "./judge-machine.ts";
import { judgeProcesses } from "./judge-processes.ts";
import { judgeConsoles, judgeTrackers } from "./judge-trackers.ts";
import { judgeVersions } from "./judge-versions.ts";
import type { Observed } from "./observed.ts";

/** What there is to say of all that was seen, in the order of `CHECKS`. */
export function judge(observed: Observed): readonly Finding[] {
  const { bus, fleet, gateways, trackers, consoles, ports, directories } = observed;
  const seen = fleet?.kind === "seen" ? fleet.seen : null;
  const processes = seen?.processes ?? [];
  const hasTorrent = seen !== null && seen.infoHash !== null;
  const unseen = unseenFromInside(processes);
  const busAheadMs =
    bus.kind === "nats" && bus.looked.kind === "seen" ? bus.looked.seen.clockAheadMs : null;
  const findings = [
    ...judgeSettings(observed),
    ...judgeBus(bus),
    ...judgeProcesses(fleet),
    ...judgeVersions(processes, observed),
    ...judgeClocks(processes, busAheadMs),
    ...judgeGateways(processes, gateways, hasTorrent),
    ...judgeTrackers(trackers, { hasTorrent, unseen }),
    ...judgeConsoles(consoles, { unseen }),
    ...judgePorts(ports),
    ...judgeDisks(processes, directories),
    ...judgeSources(processes),
  ];
  return findings.toSorted((one, other) => CHECKS.indexOf(one.check) - CHECKS.indexOf(other.check));
}

function judgeSettings({ settingsFault }: Observed): readonly Finding[] {
  if (settingsFault === null) return [];
  const todo = "correct it: no service starts with a setting that it does not know or understand";
  return [problem({ check: "settings", subject: "this machine" }, settingsFault, todo)];
}
