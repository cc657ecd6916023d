import { PRESENCE_EXPIRY_MS, type Presence, type Role } from "@seedfleet/contracts";

/** Who is there, as far as has been heard: pure, so time is an argument. */
export class PresenceBoard {
  readonly #heard = new Map<string, { readonly presence: Presence; readonly atMs: number }>();

  hear(presence: Presence, nowMs: number): void {
    this.#heard.set(`${presence.role}.${presence.id}`, { presence, atMs: nowMs });
  }

  /** Those of a role heard within the expiry, in the order of their ids. Forgets the others. */
  present(role: Role, nowMs: number): Presence[] {
    for (const [key, { atMs }] of this.#heard) {
      if (nowMs - atMs > PRESENCE_EXPIRY_MS) this.#heard.delete(key);
    }
    return [...this.#heard.values()]
      .map(({ presence }) => presence)
      .filter((presence) => presence.role === role)
      .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Those that take new work. */
  available(role: Role, nowMs: number): Presence[] {
    return this.present(role, nowMs).filter((presence) => !presence.draining);
  }
}
