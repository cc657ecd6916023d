import type { Bus } from "@seedfleet/bus";
import type { InfoHash } from "@seedfleet/bytes";
import {
  BAD_PIECES_MAX,
  pieceConditionEvent,
  TORRENT_SOURCES_MAX,
  type UnreadableSource,
} from "@seedfleet/contracts";
import { type Clock, errorMessage } from "@seedfleet/runtime";
import type { Log } from "@seedfleet/telemetry";
import { KeyedTurns } from "../keyed-turns.ts";
import { type Condition, ConditionStore, emptyCondition, isWell } from "./condition-store.ts";
import { ToldOnce } from "./told-once.ts";

/** Torrents with which something is wrong; beyond this the oldest is no longer remembered. */
export const CONDITIONS_MAX = 65_536;

/** Of all torrents together, some 100 bytes each; what is not noted is found again when checked. */
export const BAD_PIECES_NOTED_MAX = 262_144;

/** Sources that cannot be read or repaired; beyond this some are told of again. */
export const SOURCE_NOTICES_MAX = 65_536;

type ConditionPorts = { readonly bus: Bus; readonly clock: Clock; readonly log: Log };

export type NamedTorrent = { readonly infoHash: InfoHash; readonly name: string };

type PieceAt = { readonly location: string; readonly piece: number };

/**
 * What is wrong with the torrents of a holder: sources that are not what was hashed, pieces whose
 * bytes are bad. Told once each, kept on the bus so that operators see it and a restart knows it.
 * What may pass, a source that cannot be read or repaired, is told once and not kept.
 */
export class TorrentConditions {
  readonly clock: Clock;
  readonly #ports: ConditionPorts;
  readonly #holder: string;
  readonly #store: ConditionStore;
  readonly #conditions = new Map<InfoHash, Condition>();
  readonly #turns = new KeyedTurns();
  /** Whose write has yet to begin, and so will write all that is known by then. */
  readonly #unwritten = new Set<InfoHash>();
  readonly #writing = new Set<Promise<void>>();
  readonly #unreadable = new ToldOnce(SOURCE_NOTICES_MAX);
  readonly #unrepaired = new ToldOnce(SOURCE_NOTICES_MAX);
  #whenBad: (infoHash: InfoHash, piece: number) => void = () => {};
  #whenRepaired: (infoHash: InfoHash) => void = () => {};
  #badPieces = 0;
  #isClosed = false;

  private constructor(ports: ConditionPorts, holder: string, store: ConditionStore) {
    this.clock = ports.clock;
    this.#ports = ports;
    this.#holder = holder;
    this.#store = store;
  }

  static async open(ports: ConditionPorts, holder: string): Promise<TorrentConditions> {
    const store = await ConditionStore.open(ports.bus, holder);
    const conditions = new TorrentConditions(ports, holder, store);
    for await (const [infoHash, condition] of store.all()) {
      if (isWell(condition)) conditions.#write(infoHash);
      else conditions.#keep(infoHash, condition);
    }
    return conditions;
  }

  get staleCount(): number {
    let count = 0;
    for (const { stale } of this.#conditions.values()) if (stale.size > 0) count += 1;
    return count;
  }

  get badPieceCount(): number {
    return this.#badPieces;
  }

  /** Why each source that failed when it was last read did so, by torrent and location. */
  get unreadable(): readonly UnreadableSource[] {
    return [...this.#unreadable.notes].map(([key, reason]) => {
      return { location: key.slice(key.indexOf(" ") + 1), reason };
    });
  }

  isBad(infoHash: InfoHash, location: string, piece: number): boolean {
    return this.#conditions.get(infoHash)?.bad.get(location)?.has(piece) ?? false;
  }

  badPieces(infoHash: InfoHash, location: string): readonly number[] {
    return [...(this.#conditions.get(infoHash)?.bad.get(location)?.keys() ?? [])];
  }

  /** Has somebody told of every piece that is found to be bad, wherever it is found. */
  whenBad(tell: (infoHash: InfoHash, piece: number) => void): void {
    this.#whenBad = tell;
  }

  /** Has somebody told of every torrent of which a bad piece is right again. */
  whenRepaired(tell: (infoHash: InfoHash) => void): void {
    this.#whenRepaired = tell;
  }

  /** A source is no longer what was hashed. */
  wentStale({ infoHash, name }: NamedTorrent, location: string, path: string): void {
    const { stale } = this.#conditionOf(infoHash);
    if (stale.has(location)) return;
    stale.set(location, { location, path, foundAtMs: this.#nowMs() });
    // Places it is not published from any more count too, until the next start.
    const [oldest] = stale.keys();
    if (stale.size > TORRENT_SOURCES_MAX && oldest !== undefined) stale.delete(oldest);
    this.#ports.log.warn("content changed", { infoHash, name, path, remedy: "publish it again" });
    this.#write(infoHash);
  }

  /** A source was read and is what was hashed. */
  isFresh({ infoHash, name }: NamedTorrent, location: string): void {
    if (this.#conditions.get(infoHash)?.stale.delete(location)) this.#write(infoHash);
    if (!this.#unreadable.ends(`${infoHash} ${location}`)) return;
    this.#ports.log.info("source readable again", { infoHash, name, location });
  }

  /** A source failed, which may pass: peers may not notice, where another has the bytes. */
  wentUnreadable({ infoHash, name }: NamedTorrent, location: string, error: unknown): void {
    const reason = errorMessage(error);
    if (this.#isClosed || !this.#unreadable.begins(`${infoHash} ${location}`, reason)) return;
    this.#ports.log.warn("source unreadable", { infoHash, name, location, reason });
  }

  /** Bytes at a location are not those of the piece. */
  wentBad({ infoHash, name }: NamedTorrent, location: string, piece: number): void {
    this.#whenBad(infoHash, piece);
    const condition = this.#conditionOf(infoHash);
    const pieces = condition.bad.get(location) ?? new Map();
    if (pieces.has(piece)) return;
    if (!this.#mayNote(condition)) return this.#forgetIfWell(infoHash, condition);
    condition.bad.set(location, pieces.set(piece, { location, piece, foundAtMs: this.#nowMs() }));
    this.#badPieces += 1;
    this.#ports.log.error("piece bad", { infoHash, name, location, piece });
    this.#tell(infoHash, { location, piece }, "bad");
  }

  repaired({ infoHash, name }: NamedTorrent, location: string, piece: number): void {
    const condition = this.#conditions.get(infoHash);
    const pieces = condition?.bad.get(location);
    if (condition === undefined || !pieces?.delete(piece)) return;
    if (pieces.size === 0) condition.bad.delete(location);
    this.#unrepaired.ends(`${infoHash} ${location}`);
    this.#badPieces -= 1;
    this.#ports.log.info("piece repaired", { infoHash, name, location, piece });
    this.#tell(infoHash, { location, piece }, "repaired");
    this.#whenRepaired(infoHash);
  }

  /** A bad piece could not be written anew; so it is with all others there, most likely. */
  notRepaired(
    { infoHash, name }: NamedTorrent,
    { location, piece }: PieceAt,
    error: unknown,
  ): void {
    if (!this.#unrepaired.begins(`${infoHash} ${location}`)) return;
    const reason = errorMessage(error);
    this.#ports.log.warn("piece not repaired", { infoHash, name, location, piece, reason });
  }

  /** A location was published anew: what was said of it says nothing any more. */
  forget(infoHash: InfoHash, location: string): void {
    for (const told of [this.#unreadable, this.#unrepaired]) told.ends(`${infoHash} ${location}`);
    const condition = this.#conditions.get(infoHash);
    if (condition === undefined) return;
    this.#badPieces -= condition.bad.get(location)?.size ?? 0;
    condition.bad.delete(location);
    condition.stale.delete(location);
    this.#write(infoHash);
  }

  /** The sources are about to be closed, which is no failure of theirs. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.settled();
  }

  /** Resolves when all that is known has been written, or could not be. */
  async settled(): Promise<void> {
    while (this.#writing.size > 0) await Promise.all(this.#writing);
  }

  #nowMs(): number {
    return this.#ports.clock.nowMs();
  }

  #mayNote({ bad }: Condition): boolean {
    let ofTorrent = 0;
    for (const { size } of bad.values()) ofTorrent += size;
    return ofTorrent < BAD_PIECES_MAX && this.#badPieces < BAD_PIECES_NOTED_MAX;
  }

  #tell(infoHash: InfoHash, at: PieceAt, condition: "bad" | "repaired"): void {
    const told = { infoHash, ...at, condition };
    this.#ports.bus.publish(pieceConditionEvent, { holder: this.#holder }, told);
    this.#write(infoHash);
  }

  #conditionOf(infoHash: InfoHash): Condition {
    return this.#conditions.get(infoHash) ?? this.#keep(infoHash, emptyCondition());
  }

  #keep(infoHash: InfoHash, condition: Condition): Condition {
    this.#conditions.set(infoHash, condition);
    this.#badPieces += countBad(condition);
    const [oldest] = this.#conditions.keys();
    if (this.#conditions.size > CONDITIONS_MAX && oldest !== undefined) this.#drop(oldest);
    return condition;
  }

  #drop(infoHash: InfoHash): void {
    const condition = this.#conditions.get(infoHash);
    if (condition !== undefined) this.#badPieces -= countBad(condition);
    this.#conditions.delete(infoHash);
  }

  #forgetIfWell(infoHash: InfoHash, condition: Condition): void {
    if (isWell(condition) && this.#conditions.get(infoHash) === condition) this.#drop(infoHash);
  }

  /** What cannot be written now is written with the next change; memory is what decides. */
  #write(infoHash: InfoHash): void {
    if (this.#unwritten.has(infoHash)) return;
    this.#unwritten.add(infoHash);
    const write = this.#turns
      .run(infoHash, async () => {
        this.#unwritten.delete(infoHash);
        const condition = this.#conditions.get(infoHash);
        if (condition !== undefined) this.#forgetIfWell(infoHash, condition);
        await this.#store.write(infoHash, condition ?? emptyCondition());
      })
      .catch((error: unknown) => {
        const reason = errorMessage(error);
        this.#ports.log.warn("condition not kept", { infoHash, reason });
      })
      .finally(() => this.#writing.delete(write));
    this.#writing.add(write);
  }
}

function countBad({ bad }: Condition): number {
  let count = 0;
  for (const { size } of bad.values()) count += size;
  return count;
}
