import type { Bus } from "@seedfleet/bus";
import { type InfoHash, parseInfoHash } from "@seedfleet/bytes";
import {
  BAD_PIECES_MAX,
  type CatalogSource,
  CONDITION_BUCKET,
  type TorrentCondition,
  torrentCondition,
} from "@seedfleet/contracts";

/** What is wrong with a torrent at one place; nothing, when there is no path and no piece. */
export type SourceCondition = {
  /** The file that shows that the content is no longer what was hashed. */
  readonly stalePath: string | null;
  /** In order, each once. */
  readonly badPieces: readonly number[];
  /** Whether a holder has so many that it remembers no others. */
  readonly moreBadPieces: boolean;
};

type HolderCondition = { readonly holder: string; readonly condition: TorrentCondition };

/** What the holders say of the torrents with which not all is well. */
export class SourceConditions {
  readonly #known: ReadonlyMap<InfoHash, readonly HolderCondition[]>;

  private constructor(known: ReadonlyMap<InfoHash, readonly HolderCondition[]>) {
    this.#known = known;
  }

  /** Reads them all: those with which all is well have none. */
  static async read(bus: Bus): Promise<SourceConditions> {
    const stored = await bus.keyValue(CONDITION_BUCKET);
    const known = new Map<InfoHash, HolderCondition[]>();
    for await (const key of stored.keys()) {
      const [holder = "", hash = ""] = key.split(".");
      const infoHash = parseInfoHash(hash);
      const found = await stored.get(key);
      const condition = found === null ? null : parse(found.value);
      if (infoHash === null || condition === null) continue;
      const told = known.get(infoHash) ?? [];
      told.push({ holder, condition });
      known.set(infoHash, told);
    }
    return new SourceConditions(known);
  }

  /** What its holder says; of a bucket or an origin also what others say who read it. */
  of(
    infoHash: InfoHash,
    { holder, shared, location }: Pick<CatalogSource, "holder" | "shared" | "location">,
  ): SourceCondition {
    const told = (this.#known.get(infoHash) ?? []).filter(
      (each) => shared || each.holder === holder,
    );
    const here = (each: { readonly location: string }): boolean => each.location === location;
    const stale = told.flatMap(({ condition }) => condition.stale).find(here);
    const bad = told.flatMap(({ condition }) => condition.badPieces).filter(here);
    return {
      stalePath: stale?.path ?? null,
      badPieces: [...new Set(bad.map(({ piece }) => piece))].toSorted((a, b) => a - b),
      moreBadPieces: told.some(({ condition }) => condition.badPieces.length >= BAD_PIECES_MAX),
    };
  }
}

/** What cannot be read says nothing. */
function parse(value: Uint8Array): TorrentCondition | null {
  try {
    return torrentCondition.parse(JSON.parse(new TextDecoder().decode(value)));
  } catch {
    return null;
  }
}
