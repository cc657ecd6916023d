import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { S3FifoPolicy } from "./s3-fifo-policy.ts";
import { visit, visitorMark } from "./visitors.ts";

const BYTES_MAX = 100;
const SLOTS_MAX = 8;

type Piece = { readonly slot: number; readonly key: number; readonly bytes: number };
type Ghost = { readonly key: number; bytes: number };

/** The same policy, with lists that are searched from end to end and sets for marks. */
class SlowS3Fifo {
  readonly visitors = new Map<number, Set<number>>();
  readonly lately = new Set<number>();
  small: Piece[] = [];
  main: Piece[] = [];
  readonly ghosts: { small: Ghost[]; main: Ghost[] } = { small: [], main: [] };
  smallBytesTarget = BYTES_MAX / 10;

  get byteLength(): number {
    return sum([...this.small, ...this.main]);
  }

  visit(slot: number, peer: number): void {
    this.visitors.get(slot)?.add(peer % 7);
    this.lately.add(slot);
  }

  insert(piece: Piece): void {
    const [small, main] = [sum(this.ghosts.small), sum(this.ghosts.main)];
    const isFromSmall = take(this.ghosts.small, piece.key);
    const isFromMain = !isFromSmall && take(this.ghosts.main, piece.key);
    if (isFromSmall) this.smallBytesTarget += piece.bytes * Math.max(1, main / small);
    if (isFromMain) this.smallBytesTarget -= piece.bytes * Math.max(1, small / main);
    this.smallBytesTarget = Math.min(Math.max(this.smallBytesTarget, 10), 90);
    (isFromSmall || isFromMain ? this.main : this.small).push(piece);
    this.visitors.set(piece.slot, new Set());
    this.lately.delete(piece.slot);
  }

  remove(slot: number): void {
    this.small = this.small.filter((piece) => piece.slot !== slot);
    this.main = this.main.filter((piece) => piece.slot !== slot);
  }

  victim(canGo: (slot: number) => boolean): number | null {
    let smallTurns = this.small.length * 2;
    let mainTurns = this.main.length * 4;
    while (smallTurns + mainTurns > 0) {
      const isSmallOver = sum(this.small) > this.smallBytesTarget;
      const isSmall = mainTurns === 0 || (smallTurns > 0 && isSmallOver);
      const mainLength = this.main.length;
      const victim = isSmall ? this.#oneOfSmall(canGo) : this.#oneOfMain(canGo);
      if (victim !== null) return victim;
      if (isSmall) smallTurns -= 1;
      else mainTurns -= 1;
      if (isSmall) mainTurns += (this.main.length - mainLength) * 4;
    }
    return null;
  }

  #oneOfSmall(canGo: (slot: number) => boolean): number | null {
    const piece = this.small.shift();
    if (piece === undefined) return null;
    const { slot } = piece;
    if ((this.visitors.get(slot)?.size ?? 0) >= 2) {
      this.main.push(piece);
      this.visitors.set(slot, new Set());
      this.lately.delete(slot);
    } else if (this.lately.delete(slot) || !canGo(slot)) this.small.push(piece);
    else return this.#forget(piece, this.ghosts.small, 90);
    return null;
  }

  #oneOfMain(canGo: (slot: number) => boolean): number | null {
    const piece = this.main.shift();
    if (piece === undefined) return null;
    const visitors = [...(this.visitors.get(piece.slot) ?? [])].toSorted((a, b) => b - a);
    // The marks of low groups are spent first.
    this.visitors.set(piece.slot, new Set(visitors.slice(0, Math.min(visitors.length, 3) - 1)));
    if (visitors.length === 0 && canGo(piece.slot))
      return this.#forget(piece, this.ghosts.main, 50);
    this.main.push(piece);
    return null;
  }

  #forget({ slot, key, bytes }: Piece, ghosts: Ghost[], bytesMax: number): number {
    take(ghosts, key);
    while (ghosts.length === SLOTS_MAX || sum(ghosts) + bytes > bytesMax) ghosts.shift();
    ghosts.push({ key, bytes });
    return slot;
  }
}

function sum(pieces: readonly { readonly bytes: number }[]): number {
  return pieces.reduce((bytes, piece) => bytes + piece.bytes, 0);
}

/** A ghost that was taken keeps its place until that is the oldest. */
function take(ghosts: readonly Ghost[], key: number): boolean {
  const ghost = ghosts.find((each) => each.key === key && each.bytes > 0);
  if (ghost !== undefined) ghost.bytes = 0;
  return ghost !== undefined;
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constant("bring" as const), fc.nat(20), fc.nat(1)) },
  { weight: 6, arbitrary: fc.tuple(fc.constant("visit" as const), fc.nat(20), fc.nat(12)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("remove" as const), fc.nat(20), fc.nat(1)) },
);

test("S3FifoPolicy names the victims of a slow model", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 40, maxLength: 300 }), (steps) => {
      const visited = new Uint8Array(SLOTS_MAX);
      const limits = { bytesMax: BYTES_MAX, slotsMax: SLOTS_MAX, visited };
      const policy = new S3FifoPolicy(limits);
      const model = new SlowS3Fifo();
      const slotOf = new Map<number, number>();
      for (const [kind, key, number] of steps) {
        const slot = slotOf.get(key);
        if (kind === "visit" && slot !== undefined) {
          visit(visited, slot, visitorMark(number));
          model.visit(slot, number);
        } else if (kind === "remove" && slot !== undefined) {
          policy.remove(slot);
          model.remove(slot);
          slotOf.delete(key);
        } else if (kind === "bring" && slot === undefined) {
          // The same length whenever it comes back; some of them fill half of the cache.
          const bytes = 1 + ((key * 7) % 50);
          while (policy.byteLength + bytes > BYTES_MAX || policy.length === SLOTS_MAX) {
            forgetOne({ policy, model, slotOf });
          }
          bring({ policy, model, slotOf }, { key, bytes });
        }
        equal(policy.byteLength, model.byteLength);
      }
      // What is left goes in the same order, too.
      while (policy.length > 0) forgetOne({ policy, model, slotOf });
    }),
    { numRuns: 300 },
  );
});

type Both = {
  readonly policy: S3FifoPolicy;
  readonly model: SlowS3Fifo;
  readonly slotOf: Map<number, number>;
};

/** Every third slot cannot go the first time it is offered. */
function forgetOne({ policy, model, slotOf }: Both): void {
  const [offered, offeredByModel]: [number[], number[]] = [[], []];
  const canGo = (log: number[]) => (slot: number) => {
    log.push(slot);
    return slot % 3 !== 0 || log.filter((each) => each === slot).length > 1;
  };
  const victim = policy.victim(canGo(offered));
  equal(victim, model.victim(canGo(offeredByModel)));
  deepEqual(offered, offeredByModel);
  for (const [key, slot] of slotOf) if (slot === victim) slotOf.delete(key);
}

function bring(
  { policy, model, slotOf }: Both,
  { key, bytes }: { readonly key: number; readonly bytes: number },
): void {
  const taken = [...slotOf.values()];
  const slot = Array.from({ length: SLOTS_MAX }, (_, each) => each).find((each) => {
    return !taken.includes(each);
  });
  if (slot === undefined) throw new Error("there is no slot");
  policy.insert(slot, { key, bytes });
  model.insert({ slot, key, bytes });
  slotOf.set(key, slot);
}
