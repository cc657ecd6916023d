import { type PeerKey, peerKey } from "@seedfleet/choker";
import { type Rng, seededRng } from "@seedfleet/runtime";
import { SwarmLinks } from "./swarm-links.ts";
import { SwarmPieces } from "./swarm-pieces.ts";
import type { LeecherPlan, SwarmPlan, Trick } from "./swarm-plan.ts";
import { type ActiveLink, uplinkRates } from "./uplink-rates.ts";

const NONE = -1;

/** How finely time is divided. Who was just unchoked gets nothing for as long: it must ask. */
export const TICK_MS = 1_000;

/** Hears of what happens in a swarm. */
export type SwarmListener = {
  readonly came?: (node: number) => void;
  readonly gotPiece?: (node: number, piece: number) => void;
  /** It has everything. */
  readonly finished?: (node: number) => void;
  readonly left?: (node: number) => void;
};

/**
 * The nodes of one swarm, gateways first and then leechers, and the bytes between them, a second
 * at a time. Everybody is connected to everybody, but gateways not to each other. Whom to unchoke
 * is for others to say; here is what follows from it. Nothing depends on the time of day.
 */
export class SimulatedSwarm {
  readonly plan: SwarmPlan;
  readonly nodeCount: number;
  readonly gatewayCount: number;
  readonly links: SwarmLinks;
  readonly pieces: SwarmPieces;
  readonly rng: Rng;
  readonly listeners: SwarmListener[] = [];
  /** By gateway and leecher the piece that is offered; null where a gateway offers all. */
  readonly offers: (Int32Array | null)[];
  /** By node, when it had everything. */
  readonly doneAtMs: (number | null)[];
  /** By node, whether it was told of anything new by another since it was last asked. */
  readonly unsettled: Uint8Array;
  /** By node, whether it says that it wants nothing although it does. */
  readonly feigning: Uint8Array;
  readonly #here: Uint8Array;
  readonly #uploadBytesPerSecond: readonly number[];
  readonly #nodeOf = new Map<PeerKey, number>();
  /** By link, as long as it is the same peer. */
  readonly #keys: (PeerKey | undefined)[] = [];
  /** Who is here, and whom each node is connected to, until somebody comes or goes. */
  #leechers: readonly number[] | null = null;
  #peers: (readonly number[])[] = [];
  #nowMs = 0;
  #tick = 0;

  constructor(plan: SwarmPlan) {
    const { gateways, leechers } = plan;
    this.plan = plan;
    this.gatewayCount = gateways.count;
    this.nodeCount = gateways.count + leechers.length;
    this.rng = seededRng(plan.seed);
    this.links = new SwarmLinks(this.nodeCount);
    this.pieces = new SwarmPieces(this.nodeCount, plan, this.rng);
    this.offers = Array.from({ length: gateways.count }, () => null);
    this.doneAtMs = Array.from({ length: this.nodeCount }, (_, node) => {
      return node < gateways.count ? 0 : null;
    });
    this.unsettled = new Uint8Array(this.nodeCount);
    this.feigning = new Uint8Array(this.nodeCount);
    this.#here = new Uint8Array(this.nodeCount);
    this.#uploadBytesPerSecond = [
      ...Array<number>(gateways.count).fill(gateways.uploadBytesPerSecond),
      ...leechers.map(({ uploadBytesPerSecond }) => uploadBytesPerSecond),
    ];
    for (let gateway = 0; gateway < gateways.count; gateway += 1) {
      this.pieces.fill(gateway);
      this.#here[gateway] = 1;
    }
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  isHere(node: number): boolean {
    return this.#here[node] === 1;
  }

  isGateway(node: number): boolean {
    return node < this.gatewayCount;
  }

  leecher(node: number): LeecherPlan | undefined {
    return this.plan.leechers[node - this.gatewayCount];
  }

  plays(node: number, trick: Trick): boolean {
    return this.leecher(node)?.tricks.includes(trick) ?? false;
  }

  uploadBytesPerSecond(node: number): number {
    return this.#uploadBytesPerSecond[node] ?? 0;
  }

  leechers(): readonly number[] {
    this.#leechers ??= this.plan.leechers
      .map((_, at) => this.gatewayCount + at)
      .filter((node) => this.isHere(node));
    return this.#leechers;
  }

  /** Who has not everything yet. */
  unfinished(): readonly number[] {
    return this.leechers().filter((node) => this.doneAtMs[node] === null);
  }

  /** Who is connected to the node. */
  peersOf(node: number): readonly number[] {
    const known = this.#peers[node];
    if (known !== undefined) return known;
    const others = this.leechers().filter((other) => other !== node);
    const gateways = this.isGateway(node) ? [] : Array(this.gatewayCount).keys();
    const peers = [...gateways, ...others];
    this.#peers[node] = peers;
    return peers;
  }

  /** By what name `from` knows `to`, which is another one after it came again. */
  keyOf(from: number, to: number): PeerKey {
    const link = this.links.of(from, to);
    const known = this.#keys[link];
    if (known !== undefined) return known;
    const key = peerKey(`${to}.${this.links.identity[link] ?? 0}`);
    this.#keys[link] = key;
    this.#nodeOf.set(key, to);
    return key;
  }

  nodeOf(key: PeerKey): number {
    return this.#nodeOf.get(key) ?? NONE;
  }

  setUnchoked(from: number, to: number, unchoked: boolean): void {
    const link = this.links.of(from, to);
    if ((this.links.unchoked[link] === 1) === unchoked) return;
    this.links.unchoked[link] = unchoked ? 1 : 0;
    if (unchoked) {
      this.links.unchokedAtMs[link] = this.#nowMs;
      this.links.turnBytes[link] = 0;
    } else {
      this.#stopFetching(link, to);
    }
  }

  reconnect(from: number, to: number): void {
    for (const link of [this.links.of(from, to), this.links.of(to, from)]) {
      this.#stopFetching(link, link % this.nodeCount);
    }
    this.links.reconnect(from, to, this.#nowMs);
    delete this.#keys[this.links.of(from, to)];
    this.unsettled[from] = 1;
  }

  /** Who comes now is here, and everybody is told who wants something of it. */
  meet(): void {
    for (const [at, { arrivesAtMs, beginsWith }] of this.plan.leechers.entries()) {
      if (arrivesAtMs !== this.#nowMs) continue;
      const node = this.gatewayCount + at;
      this.pieces.bring(node, Math.floor(beginsWith * this.plan.pieceCount), this.rng);
      this.#come(node);
    }
    for (let from = 0; from < this.nodeCount; from += 1) this.#tellInterest(from);
  }

  /** A second passes: what is unchoked flows. */
  flow(): void {
    const links = this.#activeLinks();
    const rates = uplinkRates(links, this.#uploadBytesPerSecond);
    this.#nowMs += TICK_MS;
    this.#tick += 1;
    // Another begins each time, or the first numbers would always have the rarest.
    for (let step = 0; step < links.length; step += 1) {
      const at = (step + this.#tick) % links.length;
      const link = links[at];
      if (link !== undefined) this.#carry(link, ((rates[at] ?? 0) * TICK_MS) / 1_000);
    }
  }

  #setHere(node: number, here: 0 | 1): void {
    this.#here[node] = here;
    this.#leechers = null;
    this.#peers = [];
  }

  #come(node: number): void {
    this.#setHere(node, 1);
    for (const other of this.peersOf(node)) {
      this.links.connectedAtMs[this.links.of(node, other)] = this.#nowMs;
      this.links.connectedAtMs[this.links.of(other, node)] = this.#nowMs;
    }
    for (const { came } of this.listeners) came?.(node);
  }

  #leave(node: number): void {
    this.#setHere(node, 0);
    this.pieces.remove(node);
    for (let other = 0; other < this.nodeCount; other += 1) {
      this.setUnchoked(node, other, false);
      this.setUnchoked(other, node, false);
    }
    for (const { left } of this.listeners) left?.(node);
  }

  #activeLinks(): readonly ActiveLink[] {
    const { links, nodeCount } = this;
    const active: ActiveLink[] = [];
    for (let link = 0; link < nodeCount * nodeCount; link += 1) {
      if (links.unchoked[link] === 0 || links.interested[link] === 0) continue;
      if (links.unchokedAtMs[link] === this.#nowMs) continue;
      const maxBytesPerSecond = links.maxBytesPerSecond[link] ?? 0;
      const from = Math.floor(link / nodeCount);
      active.push({ link, from, to: link % nodeCount, maxBytesPerSecond });
    }
    return active;
  }

  #carry({ link, from, to }: ActiveLink, bytes: number): void {
    let left = bytes;
    while (left > 0 && this.isHere(to) && this.isHere(from)) {
      const piece = this.#pieceOn(link, from, to);
      if (piece === NONE) break;
      const { taken, isWhole } = this.pieces.add(to, piece, left);
      left -= taken;
      this.links.sent(link, taken, this.#nowMs);
      if (isWhole) this.#completed(to, piece);
    }
  }

  #pieceOn(link: number, from: number, to: number): number {
    const current = this.links.piece[link] ?? NONE;
    if (current !== NONE) return current;
    const piece = this.#visible(from, to);
    if (piece === NONE) return NONE;
    this.links.piece[link] = piece;
    this.pieces.fetch(to, piece, 1);
    return piece;
  }

  /** What there is to fetch; of a gateway that super-seeds only what it offered. */
  #visible(from: number, to: number): number {
    const offered = this.offers[from]?.[to];
    if (offered === undefined) return this.pieces.pick(from, to);
    return offered === NONE || this.pieces.has(to, offered) ? NONE : offered;
  }

  #completed(node: number, piece: number): void {
    for (let from = 0; from < this.nodeCount; from += 1) {
      const link = this.links.of(from, node);
      if (this.links.piece[link] === piece) this.links.piece[link] = NONE;
    }
    for (const { gotPiece } of this.listeners) gotPiece?.(node, piece);
    if (!this.pieces.isComplete(node)) return;
    this.doneAtMs[node] = this.#nowMs;
    for (const { finished } of this.listeners) finished?.(node);
    if (this.plan.whenDone === "seeds") return;
    this.#leave(node);
    if (this.plan.whenDone !== "is-followed") return;
    this.doneAtMs[node] = null;
    for (const other of this.peersOf(node)) this.reconnect(other, node);
    this.#come(node);
  }

  #stopFetching(link: number, to: number): void {
    const piece = this.links.piece[link] ?? NONE;
    if (piece === NONE) return;
    this.links.piece[link] = NONE;
    this.pieces.fetch(to, piece, -1);
  }

  #tellInterest(from: number): void {
    for (let to = this.gatewayCount; to < this.nodeCount; to += 1) {
      const link = this.links.of(from, to);
      const wants = this.#wants(from, to) ? 1 : 0;
      if (this.links.interested[link] === wants) continue;
      this.links.interested[link] = wants;
      this.unsettled[from] = 1;
      if (wants === 0) this.#stopFetching(link, to);
    }
  }

  #wants(from: number, to: number): boolean {
    if (from === to || !this.isHere(from) || !this.isHere(to)) return false;
    if (this.isGateway(from) && this.feigning[to] === 1) return false;
    const offered = this.offers[from]?.[to];
    if (offered !== undefined) return offered !== NONE && !this.pieces.has(to, offered);
    return this.pieces.lacking(from, to) > 0;
  }
}
