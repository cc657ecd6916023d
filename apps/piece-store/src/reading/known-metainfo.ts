import type { InfoHash } from "@seedfleet/bytes";
import type { Catalog } from "@seedfleet/fleet";
import { type Metainfo, parseMetainfo } from "@seedfleet/metainfo";
import { metainfoUnusable } from "../errors.ts";

/** Those whose pieces are being checked; one may take megabytes, so only a few are kept. */
export const KNOWN_METAINFO_MAX = 8;

/** The metainfo of torrents whose pieces are checked here, read from the catalog when needed. */
export class KnownMetainfo {
  readonly #catalog: Catalog;
  readonly #known = new Map<InfoHash, Promise<Metainfo>>();

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  /** Rejects with `metainfo-unusable`. */
  async of(infoHash: InfoHash): Promise<Metainfo> {
    const known = this.#known.get(infoHash) ?? readMetainfo(this.#catalog, infoHash);
    this.#known.delete(infoHash);
    this.#known.set(infoHash, known);
    const [oldest] = this.#known.keys();
    if (this.#known.size > KNOWN_METAINFO_MAX && oldest !== undefined) this.#known.delete(oldest);
    try {
      return await known;
    } catch (error) {
      // Who comes later tries again; but another may have begun that meanwhile.
      if (this.#known.get(infoHash) === known) this.#known.delete(infoHash);
      throw error;
    }
  }
}

/** Rejects with `metainfo-unusable` where there is none, or none we take. */
export async function readMetainfo(catalog: Catalog, infoHash: InfoHash): Promise<Metainfo> {
  const bytes = await catalog.metainfo(infoHash);
  if (bytes === null) throw metainfoUnusable(infoHash, "it is not in the catalog");
  const metainfo = parseMetainfo(bytes);
  if (metainfo.kind === "violation") throw metainfoUnusable(infoHash, metainfo.code);
  if (metainfo.infoHash === infoHash) return metainfo;
  throw metainfoUnusable(infoHash, `it is that of ${metainfo.infoHash}`);
}
