import type { Bus } from "@seedfleet/bus";
import {
  type Checkup,
  checkupCall,
  PRESENCE_INTERVAL_MS,
  type Presence,
  presenceAskedEvent,
  presenceEvent,
} from "@seedfleet/contracts";
import type { Clock } from "@seedfleet/runtime";

export type PresenceAnnouncer = {
  /** Says at once what `describe` gives now: for changes others should not wait for. */
  announce(): void;
  stop(): void;
};

/** What a role says of itself beyond what every process does. */
export type Examine = () => Promise<Omit<Checkup, "nowMs" | "node">>;

const NOTHING_OF_ITS_OWN: Examine = () => Promise.resolve({});

/**
 * Says that this process is there, every 2 s and whenever a newcomer asks, and answers whoever asks
 * how it is.
 */
export function announcePresence(
  ports: { readonly bus: Bus; readonly clock: Clock },
  describe: () => Presence,
  examine: Examine = NOTHING_OF_ITS_OWN,
): PresenceAnnouncer {
  const { bus, clock } = ports;
  const { role: service, id } = describe();
  const announce = (): void => {
    const presence = describe();
    bus.publish(presenceEvent, { role: presence.role, id: presence.id }, presence);
  };
  const asked = bus.subscribe(presenceAskedEvent, {}, announce);
  let examining: ReturnType<Examine> | null = null;
  const checked = bus.serve(checkupCall, { params: { service, id } }, async () => {
    // One at a time, however many ask: a disk that hangs must not hold up more than one look at it.
    examining ??= examine().finally(() => {
      examining = null;
    });
    const found = await examining;
    return { ...found, node: process.version, nowMs: clock.nowMs() };
  });
  const cancel = clock.every(PRESENCE_INTERVAL_MS, announce);
  announce();
  return {
    announce,
    stop() {
      cancel();
      asked.unsubscribe();
      checked.unsubscribe();
    },
  };
}
