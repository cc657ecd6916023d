import { type Bus, createBus } from "@seedfleet/bus";
import { openEmbeddedBus } from "@seedfleet/bus-embedded";
import type { Presence } from "@seedfleet/contracts";
import { type RecordingTelemetry, recordingTelemetry } from "@seedfleet/telemetry";
import { VirtualClock } from "@seedfleet/testkit";

/** A tracker that takes work, unless told otherwise. */
export function givenPresence(id: string, differing: Partial<Presence> = {}): Presence {
  return {
    ...{ role: "tracker", id, version: "0.1.0", startedAtMs: 0 },
    ...{ draining: false, load: 0, peerAddress: null, urls: [], gateway: null },
    ...differing,
  };
}

/** A bus of its own, kept in memory, on a clock that stands still. */
export class GivenBus implements AsyncDisposable {
  readonly clock: VirtualClock = new VirtualClock();
  readonly telemetry: RecordingTelemetry = recordingTelemetry();
  readonly bus: Bus = createBus(openEmbeddedBus({ file: null }), this);

  [Symbol.asyncDispose](): Promise<void> {
    return this.bus.close();
  }
}
