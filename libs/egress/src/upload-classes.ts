import { UploadClass } from "./shares.ts";
import type { LimitDemand } from "./split-limit.ts";
import type { GatewayLimits } from "./upload-limits.ts";

/** The classes that are promised something or are limited, by name, and one for all others. */
export class UploadClasses<Owner> {
  readonly #ordinary: UploadClass<Owner>;
  readonly #named = new Map<string, UploadClass<Owner>>();

  constructor(nowMs: number) {
    this.#ordinary = new UploadClass(nowMs);
  }

  get all(): readonly UploadClass<Owner>[] {
    return [this.#ordinary, ...this.#named.values()];
  }

  named(name: string | null): UploadClass<Owner> {
    return (name === null ? null : this.#named.get(name)) ?? this.#ordinary;
  }

  /** When the first class that torrents wait for may be sent something; infinity if none does. */
  get readyAtMs(): number {
    let readyAtMs = Number.POSITIVE_INFINITY;
    for (const { isHeldBack, waiting, limit } of this.#named.values()) {
      if (isHeldBack && waiting.first !== null) readyAtMs = Math.min(readyAtMs, limit.readyAtMs);
    }
    return readyAtMs;
  }

  /** Fills those that are to wait no more. */
  refill(nowMs: number): void {
    for (const { isHeldBack, limit } of this.#named.values()) {
      if (isHeldBack && limit.readyAtMs <= nowMs) limit.refill(nowMs);
    }
  }

  /** Notes who waits for its class's limit, once all others have had their turn. */
  noteWaits(nowMs: number): void {
    for (const { isHeldBack, waiting, meter } of this.#named.values()) {
      if (isHeldBack && waiting.first !== null) meter.heldBack(nowMs);
      else meter.released(nowMs);
    }
  }

  /** Whether some class began or ended: then torrents may belong to another one. */
  keep({ promises, classLimits = {} }: GatewayLimits, nowMs: number): boolean {
    const names = new Set([...Object.keys(promises), ...Object.keys(classLimits)]);
    const fresh = [...names].filter((name) => !this.#named.has(name));
    const gone = [...this.#named.keys()].filter((name) => !names.has(name));
    for (const name of gone) this.#named.delete(name);
    for (const name of fresh) this.#named.set(name, new UploadClass(nowMs));
    return fresh.length + gone.length > 0;
  }

  setRates({ uploadBytesPerSecond, promises, classLimits }: GatewayLimits, nowMs: number): void {
    for (const [name, { promise, limit }] of this.#named) {
      promise.setRate((promises[name] ?? 0) * (uploadBytesPerSecond ?? 0), nowMs);
      limit.setRate(classLimits?.[name] ?? null, nowMs);
    }
  }

  /** Of those that are limited. */
  demand(nowMs: number): ReadonlyMap<string, LimitDemand> {
    const demands = new Map<string, LimitDemand>();
    for (const [name, { isLimited, meter, waiting }] of this.#named) {
      if (waiting.first === null) meter.released(nowMs);
      if (isLimited) demands.set(name, meter.read(nowMs));
    }
    return demands;
  }
}
