import type { Bus } from "@seedfleet/bus";
import { type Presence, presenceAskedEvent, presenceEvent, type Role } from "@seedfleet/contracts";
import { type Clock, delay } from "@seedfleet/runtime";
import { PresenceBoard } from "./presence-board.ts";

/** The live members of some roles. */
export type PresenceWatch = {
  /** Those that are there and take new work, in the order of their ids. */
  available(role: Role): Presence[];
  /** Those as well that are on their way out. */
  present(role: Role): Presence[];
  /** Resolves with the first one of the role, at once if it is known. */
  first(role: Role): Promise<Presence>;
  /** Whether one of the role is there; if none is known, asks and waits so long for one. */
  soon(role: Role, withinMs: number): Promise<boolean>;
  stop(): void;
};

/** Listens for the presence of these roles, and asks for it, so that the board fills at once. */
export function watchPresence(
  ports: { readonly bus: Bus; readonly clock: Clock },
  roles: readonly Role[],
): PresenceWatch {
  const { bus, clock } = ports;
  const board = new PresenceBoard();
  const waiting = new Set<{ role: Role; found: (presence: Presence) => void }>();

  const hear = (presence: Presence): void => {
    board.hear(presence, clock.nowMs());
    if (presence.draining) return;
    for (const waiter of waiting) {
      if (waiter.role !== presence.role) continue;
      waiting.delete(waiter);
      waiter.found(presence);
    }
  };
  const subscriptions = roles.map((role) =>
    bus.subscribe(presenceEvent, { params: { role } }, hear),
  );
  const ask = (): void => bus.publish(presenceAskedEvent, {}, {});
  ask();

  return {
    available: (role) => board.available(role, clock.nowMs()),
    present: (role) => board.present(role, clock.nowMs()),
    first(role) {
      const [known] = board.available(role, clock.nowMs());
      if (known !== undefined) return Promise.resolve(known);
      return new Promise((found) => waiting.add({ role, found }));
    },
    async soon(role, withinMs) {
      if (board.available(role, clock.nowMs()).length > 0) return true;
      const { promise, resolve: found } = Promise.withResolvers<Presence>();
      const waiter = { role, found };
      // All are asked, and answer: once for whoever waits.
      const isAsked = [...waiting].some((other) => other.role === role);
      waiting.add(waiter);
      if (!isAsked) ask();
      const heard = await Promise.race([promise, delay(clock, withinMs)]);
      waiting.delete(waiter);
      return heard !== undefined;
    },
    stop() {
      for (const subscription of subscriptions) subscription.unsubscribe();
    },
  };
}
