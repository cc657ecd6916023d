import type { InfoHash } from "@seedfleet/bytes";
import type { Catalog } from "@seedfleet/fleet";

/** Names of torrents, each looked up once. */
export class TorrentNames {
  readonly #catalog: Catalog;
  readonly #known = new Map<InfoHash, string>();

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  async of(infoHash: InfoHash): Promise<string> {
    const known = this.#known.get(infoHash);
    if (known !== undefined) return known;
    const name = (await this.#catalog.findByAny(infoHash))?.name ?? "no longer published";
    this.#known.set(infoHash, name);
    return name;
  }
}
