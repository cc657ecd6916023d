import { createHash } from "node:crypto";
import type { Bus, KeyValue } from "@seedfleet/bus";
import type { Content } from "@seedfleet/content";
import {
  HASH_MEMO_BUCKET,
  type HashMemo,
  hashMemo,
  type TorrentOptions,
} from "@seedfleet/contracts";

/** Enough that no two locations share a key, short enough for any key-value store. */
const KEY_HASH_HEX = 32;

type Listed = { readonly content: Pick<Content, "listing">; readonly fingerprint: string };

export type Hashable = { readonly location: string; readonly options: TorrentOptions };

/** What this holder hashed before, by location and options, so that it is not hashed again. */
export class HashMemos {
  readonly #memos: KeyValue;
  readonly #holder: string;

  constructor(memos: KeyValue, holder: string) {
    this.#memos = memos;
    this.#holder = holder;
  }

  static async open(bus: Bus, holder: string): Promise<HashMemos> {
    return new HashMemos(await bus.keyValue(HASH_MEMO_BUCKET), holder);
  }

  /** A memo that cannot be read is as none: then the content is hashed once more. */
  async find(hashable: Hashable): Promise<HashMemo | null> {
    const found = await this.#memos.get(this.#keyOf(hashable));
    return found === null ? null : parseMemo(found.value);
  }

  async remember(hashable: Hashable, memo: HashMemo): Promise<void> {
    await this.#memos.put(this.#keyOf(hashable), Buffer.from(JSON.stringify(memo)));
  }

  #keyOf({ location, options }: Hashable): string {
    const { version, pieceLengthBytes, comment, source, webSeeds } = options;
    const text = JSON.stringify([
      location,
      { private: options.private, version, pieceLengthBytes, comment, source, webSeeds },
    ]);
    const digest = createHash("sha256").update(text).digest("hex");
    return `${this.#holder}.${digest.slice(0, KEY_HASH_HEX)}`;
  }
}

/**
 * What content is known again by as the whole of what a torrent is made of: also by the names of
 * the files that have no bytes, which its sources need not have.
 */
export function memoFingerprintOf({ content, fingerprint }: Listed): string {
  const empty = content.listing.files.filter(({ sizeBytes }) => sizeBytes === 0);
  const hash = createHash("sha256").update(fingerprint);
  for (const name of empty.map(({ path }) => path.join("/")).toSorted()) hash.update(`${name}\0`);
  return hash.digest("hex");
}

function parseMemo(value: Uint8Array): HashMemo | null {
  try {
    return hashMemo.parse(JSON.parse(new TextDecoder().decode(value)));
  } catch {
    return null;
  }
}
