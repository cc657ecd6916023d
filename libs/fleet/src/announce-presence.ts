import type { Bus } from "@seedfleet/bus";
import {
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

/** Says that this process is there, every 2 s and whenever a newcomer asks. */
export function announcePresence(
  ports: { readonly bus: Bus; readonly clock: Clock },
  describe: () => Presence,
): PresenceAnnouncer {
  const { bus, clock } = ports;
  const announce = (): void => {
    const presence = describe();
    bus.publish(presenceEvent, { role: presence.role, id: presence.id }, presence);
  };
  const asked = bus.subscribe(presenceAskedEvent, {}, announce);
  const cancel = clock.every(PRESENCE_INTERVAL_MS, announce);
  announce();
  return {
    announce,
    stop() {
      cancel();
      asked.unsubscribe();
    },
  };
}
