import type { InfoHash } from "@seedfleet/bytes";
import type { CatalogEntry } from "@seedfleet/contracts";
import type { Catalog, CatalogChange } from "@seedfleet/fleet";

export type HeldPorts = {
  readonly catalog: Catalog;
  /** Told of every torrent that somebody else took out of the catalog or took over. */
  readonly lost: (infoHash: InfoHash) => void;
};

/**
 * The torrents in the catalog whose holder we are, by path, so that a publish need not read the
 * whole catalog. Follows the catalog; what it says is checked there before anything is removed.
 */
export class HeldTorrents {
  readonly #ports: HeldPorts;
  readonly #holder: string;
  readonly #pathOf = new Map<InfoHash, string>();
  readonly #heldAt = new Map<string, Set<InfoHash>>();
  #watch: { stop(): void } | null = null;

  constructor(ports: HeldPorts, holder: string) {
    this.#ports = ports;
    this.#holder = holder;
  }

  /** Resolves when all that is in the catalog now is known. */
  async start(): Promise<void> {
    const { promise: known, resolve } = Promise.withResolvers<void>();
    this.#watch = await this.#ports.catalog.watch((change) => {
      if (change.kind === "initialised") resolve();
      else this.#follow(change);
    });
    await known;
  }

  stop(): void {
    this.#watch?.stop();
  }

  async publish(entry: CatalogEntry, metainfoBytes: Uint8Array): Promise<void> {
    await this.#ports.catalog.publish(entry, metainfoBytes);
    this.#remember(entry);
  }

  /** Removes whatever else was published from a path: what it was is not there any more. */
  async removeOthers(path: string, kept: InfoHash): Promise<void> {
    for (const infoHash of [...(this.#heldAt.get(path) ?? [])]) {
      if (infoHash === kept || !(await this.#holdsStill(infoHash, path))) continue;
      await this.#ports.catalog.remove(infoHash);
      this.#forget(infoHash);
    }
  }

  /** The paths from which something is published. */
  get paths(): readonly string[] {
    return [...this.#heldAt.keys()];
  }

  /**
   * Takes what is published from a path out of the catalog but keeps its metainfo, so that it need
   * not be hashed when the path comes back. Gives the number of torrents.
   */
  async retire(path: string): Promise<number> {
    let retired = 0;
    for (const infoHash of [...(this.#heldAt.get(path) ?? [])]) {
      if (!(await this.#holdsStill(infoHash, path))) continue;
      await this.#ports.catalog.retire(infoHash);
      this.#forget(infoHash);
      retired += 1;
    }
    return retired;
  }

  async #holdsStill(infoHash: InfoHash, path: string): Promise<boolean> {
    const entry = await this.#ports.catalog.find(infoHash);
    return entry !== null && entry.holder === this.#holder && entry.path === path;
  }

  #follow(change: Exclude<CatalogChange, { kind: "initialised" }>): void {
    if (change.kind === "removed") return this.#forget(change.infoHash);
    const { entry } = change;
    if (entry.holder === this.#holder) this.#remember(entry);
    else this.#forget(entry.infoHash);
  }

  #remember({ infoHash, path }: CatalogEntry): void {
    this.#drop(infoHash);
    this.#pathOf.set(infoHash, path);
    const held = this.#heldAt.get(path) ?? new Set();
    this.#heldAt.set(path, held.add(infoHash));
  }

  #forget(infoHash: InfoHash): void {
    if (this.#drop(infoHash)) this.#ports.lost(infoHash);
  }

  #drop(infoHash: InfoHash): boolean {
    const path = this.#pathOf.get(infoHash);
    if (path === undefined) return false;
    this.#pathOf.delete(infoHash);
    const held = this.#heldAt.get(path);
    held?.delete(infoHash);
    if (held?.size === 0) this.#heldAt.delete(path);
    return true;
  }
}
