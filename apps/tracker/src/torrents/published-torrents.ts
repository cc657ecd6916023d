import { INFO_HASH_BYTES, type InfoHash, InfoHashTable, infoHashBytes } from "@seedfleet/bytes";

/** What a tracker knows of an entry of the catalog. */
export type PublishedTorrent = {
  readonly infoHash: InfoHash;
  readonly aliases: readonly InfoHash[];
  /** Zones whose gateways may serve it; null for any. */
  readonly zones: readonly string[] | null;
};

/** Marks the end of a torrent's names. */
const NONE = -1;

/**
 * Which info hashes the catalog has, and under which of them a torrent's swarm goes: a hybrid has
 * several names. Some 50 bytes a name, so that a million torrents cost little.
 */
export class PublishedTorrents {
  readonly #names: InfoHashTable;
  /** By the slot of a name: the slot of the info hash that the torrent's swarm goes by. */
  #owner: Int32Array = new Int32Array(0);
  /** By the slot of a name: that of the next name of the same torrent, from the info hash on. */
  #next: Int32Array = new Int32Array(0);
  /** By the slot of the info hash, of the few torrents that are kept to some zones. */
  readonly #zones = new Map<number, readonly string[]>();
  #count = 0;
  /** Whether all that was published before has been heard of. */
  known = false;
  readonly #read = new Uint8Array(INFO_HASH_BYTES);

  constructor(seed: number) {
    this.#names = new InfoHashTable(seed);
  }

  /** Torrents, each once whatever its names. */
  get count(): number {
    return this.#count;
  }

  /** Puts a torrent in, or gives it other aliases. A name that another one has as alias moves. */
  publish({ infoHash, aliases, zones }: PublishedTorrent): void {
    this.remove(infoHash);
    this.#takeAlias(infoHash);
    const owner = this.#add(infoHash);
    this.#owner[owner] = owner;
    this.#next[owner] = NONE;
    this.#count += 1;
    if (zones !== null) this.#zones.set(owner, zones);
    for (const alias of aliases) {
      const known = this.#names.find(infoHashBytes(alias));
      if (known >= 0 && this.#owner[known] === known) continue;
      this.#takeAlias(alias);
      const slot = this.#add(alias);
      this.#owner[slot] = owner;
      this.#next[slot] = this.#next[owner] ?? NONE;
      this.#next[owner] = slot;
    }
  }

  /** Takes a torrent out, by the info hash that its entry has. */
  remove(infoHash: InfoHash): void {
    const owner = this.#names.find(infoHashBytes(infoHash));
    if (owner < 0 || this.#owner[owner] !== owner) return;
    let slot = this.#next[owner] ?? NONE;
    while (slot !== NONE) {
      const next = this.#next[slot] ?? NONE;
      this.#names.read(slot, this.#read);
      this.#names.remove(this.#read);
      slot = next;
    }
    this.#names.remove(infoHashBytes(infoHash));
    this.#zones.delete(owner);
    this.#count -= 1;
  }

  /**
   * Writes the info hash that the torrent's swarm goes by over one of its names; false if there is
   * no such torrent.
   */
  resolve(name: Uint8Array): boolean {
    const slot = this.#names.find(name);
    if (slot < 0) return false;
    const owner = this.#owner[slot] ?? slot;
    if (owner !== slot) this.#names.read(owner, name);
    return true;
  }

  /** The zones whose gateways may serve the torrent of a swarm; null for any. */
  zonesOf(infoHash: Uint8Array): readonly string[] | null {
    if (this.#zones.size === 0) return null;
    return this.#zones.get(this.#names.find(infoHash)) ?? null;
  }

  #add(infoHash: InfoHash): number {
    const slot = this.#names.add(infoHashBytes(infoHash));
    if (slot >= this.#owner.length) {
      this.#owner = grown(this.#owner);
      this.#next = grown(this.#next);
    }
    return slot;
  }

  /** Takes a name from the torrent that has it as an alias, if one has. */
  #takeAlias(alias: InfoHash): void {
    const slot = this.#names.find(infoHashBytes(alias));
    if (slot < 0) return;
    let before = this.#owner[slot] ?? slot;
    while (this.#next[before] !== slot) before = this.#next[before] ?? slot;
    this.#next[before] = this.#next[slot] ?? NONE;
    this.#names.remove(infoHashBytes(alias));
  }
}

function grown(array: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(16, array.length * 2));
  larger.set(array);
  return larger;
}
