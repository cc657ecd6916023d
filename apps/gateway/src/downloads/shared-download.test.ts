import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { Bitfield } from "@seedfleet/bitfield";
import { infoHashFromBytes } from "@seedfleet/bytes";
import type { MirrorClaims } from "@seedfleet/contracts";
import { BLOCK_BYTES, type Block, type PickerPeer } from "@seedfleet/picker";
import { type Rng, seededRng } from "@seedfleet/runtime";
import fc from "fast-check";
import { DownloadMemory } from "./download-memory.ts";
import { CLAIMS_MS, IDLE_CLAIM_MS, PATIENCE_MS, SharedDownload } from "./shared-download.ts";
import { TorrentDownload } from "./torrent-download.ts";

const STEP_MS = 100;
const STEPS_PER_TICK = 2;
const INFO_HASH = infoHashFromBytes(new Uint8Array(20));

/** What a gateway is like in the simulation. */
type GatewaySpec = {
  /** Blocks that its seed sends in a step. */
  readonly rate: number;
  /** From which step on its seed sends nothing, although it was asked; null of one that does. */
  readonly stallsAt: number | null;
  /** At which step it is gone. */
  readonly diesAt: number | null;
};

type FleetSpec = {
  readonly pieceCount: number;
  readonly blocks: number;
  readonly gateways: readonly GatewaySpec[];
  /** Steps that a message takes. */
  readonly delay: number;
  /** Of a hundred messages, how many are lost. */
  readonly lost: number;
  /** For how many steps a seed is asked ahead. */
  readonly ahead: number;
};

/** One gateway with a seed of its own, and what the others have told it and is on its way. */
class SimGateway {
  readonly name: string;
  readonly spec: GatewaySpec;
  readonly download: TorrentDownload;
  readonly shared: SharedDownload;
  readonly seed: PickerPeer;
  readonly whole: number[] = [];
  readonly #asked = new Map<string, Block>();
  #inbox: { readonly atStep: number; readonly claims: MirrorClaims }[] = [];

  constructor(
    name: string,
    spec: GatewaySpec,
    of: { readonly fleet: FleetSpec; readonly names: readonly string[]; readonly rng: Rng },
  ) {
    const { pieceCount, blocks } = of.fleet;
    this.name = name;
    this.spec = spec;
    const pieceLengthBytes = blocks * BLOCK_BYTES;
    const sizeBytes = pieceCount * pieceLengthBytes;
    this.download = new TorrentDownload(
      {
        shape: { pieceCount, pieceLengthBytes, sizeBytes },
        have: Bitfield.empty(pieceCount),
        memory: new DownloadMemory(sizeBytes),
        store: (piece) => this.whole.push(piece),
        peersFound() {},
        othersWait: () => false,
      },
      of.rng,
    );
    this.seed = this.download.join({
      cancel: (block) => this.#asked.delete(keyOf(block)),
      wake() {},
      ban() {},
    });
    this.download.setPieces(this.seed, Bitfield.full(pieceCount));
    const by = { infoHash: INFO_HASH, gateway: name, gateways: of.names };
    this.shared = new SharedDownload(this.download, by);
  }

  deliver(claims: MirrorClaims, atStep: number): void {
    this.#inbox.push({ atStep, claims });
  }

  hear(step: number): void {
    const due = this.#inbox.filter(({ atStep }) => atStep <= step);
    this.#inbox = this.#inbox.filter(({ atStep }) => atStep > step);
    for (const { claims } of due) this.shared.heard(claims, step * STEP_MS);
  }

  fetch(step: number, ahead: number): void {
    const { rate, stallsAt } = this.spec;
    for (const block of this.download.ask(this.seed, rate * ahead - this.#asked.size)) {
      this.#asked.set(keyOf(block), block);
    }
    if (stallsAt !== null && step >= stallsAt) return;
    for (const [key, { piece, begin, length }] of [...this.#asked].slice(0, rate)) {
      this.#asked.delete(key);
      this.download.receive(this.seed, { piece, begin, data: new Uint8Array(length) });
    }
  }

  verified(piece: number): void {
    this.shared.verified(piece);
    this.download.verified(piece);
  }
}

function keyOf({ piece, begin }: Block): string {
  return `${piece} ${begin}`;
}

/** Runs to the end, which must come; gives the steps it took and the blocks that came twice. */
function simulate(fleet: FleetSpec, seed: number): { steps: number; twice: number } {
  const rng = seededRng(seed);
  const names = fleet.gateways.map((_, at) => `gateway-${at}`);
  const all = fleet.gateways.map((spec, at) => {
    return new SimGateway(names[at] ?? "", spec, { fleet, names, rng });
  });
  const there = new Set<number>();
  let step = 0;
  for (; there.size < fleet.pieceCount; step += 1) {
    ok(step < 5_000, "it does not come to its end");
    const alive = all.filter(({ spec }) => spec.diesAt === null || step < spec.diesAt);
    for (const gateway of alive) {
      gateway.hear(step);
      gateway.fetch(step, fleet.ahead);
      for (const piece of gateway.whole.splice(0)) {
        if (there.has(piece)) continue;
        there.add(piece);
        for (const each of alive) each.verified(piece);
      }
      const pieces = step % STEPS_PER_TICK === 0 ? gateway.shared.tick(step * STEP_MS) : null;
      if (pieces === null) continue;
      for (const other of alive) {
        const claims = { gateway: gateway.name, pieces };
        if (rng.below(100) >= fleet.lost) other.deliver(claims, step + fleet.delay);
      }
    }
  }
  const twice = all.reduce((sum, { download }) => sum + download.wastedBytes / BLOCK_BYTES, 0);
  return { steps: step, twice };
}

const anyRate = fc.integer({ min: 1, max: 8 });
const anyStart = fc.option(fc.nat(200));

const anyFleet: fc.Arbitrary<FleetSpec> = fc.record({
  pieceCount: fc.integer({ min: 1, max: 80 }),
  blocks: fc.integer({ min: 1, max: 4 }),
  gateways: fc
    .tuple(
      // One of them does its part, or nobody would.
      fc.record({ rate: anyRate, stallsAt: fc.constant(null), diesAt: fc.constant(null) }),
      fc.array(fc.record({ rate: anyRate, stallsAt: anyStart, diesAt: anyStart }), {
        ...{ minLength: 1, maxLength: 3 },
      }),
    )
    .map(([first, others]) => [first, ...others]),
  delay: fc.nat(6),
  lost: fc.constantFrom(0, 0, 10, 60, 100),
  ahead: fc.integer({ min: 1, max: 40 }),
});

test("every piece comes, whatever becomes of gateways and messages, and soon enough", () => {
  fc.assert(
    fc.property(anyFleet, fc.nat(), (fleet, seed) => {
      const { steps } = simulate(fleet, seed);
      const [first] = fleet.gateways;
      const alone = (fleet.pieceCount * fleet.blocks) / (first?.rate ?? 1);
      // What was left to others was waited for once.
      const waits = (CLAIMS_MS + PATIENCE_MS + IDLE_CLAIM_MS) / STEP_MS;
      ok(steps <= alone + waits, `${steps} steps, where one alone takes ${alone}`);
    }),
    { numRuns: 300 },
  );
});

const anyWellFleet: fc.Arbitrary<FleetSpec> = fc.record({
  ...{ pieceCount: fc.integer({ min: 100, max: 400 }), blocks: fc.integer({ min: 1, max: 8 }) },
  gateways: fc.array(
    fc.record({ rate: anyRate, stallsAt: fc.constant(null), diesAt: fc.constant(null) }),
    { minLength: 2, maxLength: 4 },
  ),
  ...{ delay: fc.nat(1), lost: fc.constant(0), ahead: fc.constant(30) },
});

test("hardly a block comes twice to gateways that all do their part, however fast each is", () => {
  fc.assert(
    fc.property(anyWellFleet, fc.nat(), (fleet, seed) => {
      const { twice } = simulate(fleet, seed);
      const blocks = fleet.pieceCount * fleet.blocks;
      ok(twice <= blocks / 100, `${twice} of ${blocks} blocks came twice`);
    }),
    { numRuns: 100 },
  );
});

/** Two gateways at a torrent of four pieces, of which this one's seed is asked for nothing yet. */
function givenTwo(): SimGateway {
  const spec = { rate: 1, stallsAt: null, diesAt: null };
  const fleet = {
    ...{ pieceCount: 4, blocks: 1, gateways: [spec, spec] },
    ...{ delay: 0, lost: 0, ahead: 4 },
  };
  return new SimGateway("one", spec, { fleet, names: ["one", "two"], rng: seededRng(1) });
}

test("what another gateway claims is asked for once it has said nothing for a while", () => {
  const { download, shared, seed } = givenTwo();
  shared.heard({ gateway: "two", pieces: [0, 1, 2] }, 0);
  deepEqual(
    download.ask(seed, 9).map(({ piece }) => piece),
    [3],
  );
  // It has something to ask for all the time, so that it does not lose patience.
  shared.heard({ gateway: "two", pieces: [0, 1] }, 1);
  shared.tick(CLAIMS_MS);
  deepEqual(download.ask(seed, 9).length, 1);
  shared.tick(CLAIMS_MS + 1);
  equal(download.ask(seed, 9).length, 2);
});

test("a begun piece that nobody is asked for is claimed for a while only", () => {
  const { download, shared, seed } = givenTwo();
  const asked = download.ask(seed, 1).map(({ piece }) => piece);
  deepEqual(shared.tick(0), asked);
  download.giveUpAll(seed);
  equal(shared.tick(1), null, "it is claimed as before");
  deepEqual(shared.tick(IDLE_CLAIM_MS), asked);
  deepEqual(shared.tick(IDLE_CLAIM_MS + 1), []);
});

test("what is paused is left to others", () => {
  const { download, shared, seed } = givenTwo();
  const asked = download.ask(seed, 1).map(({ piece }) => piece);
  deepEqual(shared.tick(0), asked);
  download.pause("the store is away");
  deepEqual(shared.tick(1), []);
});

test("of a piece that two have begun one lets go, and cancels what it asked for", () => {
  const { download, shared, seed } = givenTwo();
  const begun = download.ask(seed, 4).map(({ piece }) => piece);
  shared.heard({ gateway: "two", pieces: begun }, 0);
  const kept = shared.tick(0) ?? [];
  ok(kept.length > 0 && kept.length < begun.length, "each is rather the one's or the other's");
  equal(seed.asked.size, kept.length);
});
