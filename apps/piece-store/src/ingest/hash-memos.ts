import { createHash } from "node:crypto";
import type { Bus, KeyValue } from "@seedfleet/bus";
import {
  HASH_MEMO_BUCKET,
  type HashMemo,
  hashMemo,
  type TorrentOptions,
} from "@seedfleet/contracts";

/** Enough that no two locations share a key, short enough for any key-value store. */
const KEY_HASH_HEX = 32;

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

function parseMemo(value: Uint8Array): HashMemo | null {
  try {
    return hashMemo.parse(JSON.parse(new TextDecoder().decode(value)));
  } catch {
    return null;
  }
}
