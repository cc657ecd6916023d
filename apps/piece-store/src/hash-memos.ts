import { createHash } from "node:crypto";
import type { Bus, KeyValue } from "@seedfleet/bus";
import {
  HASH_MEMO_BUCKET,
  type HashMemo,
  hashMemo,
  type PublishRequest,
} from "@seedfleet/contracts";

/** Enough that no two paths share a key, short enough for any key-value store. */
const KEY_HASH_HEX = 32;

/** What this holder hashed before, by path and options, so that it is not hashed again. */
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
  async find(request: PublishRequest): Promise<HashMemo | null> {
    const found = await this.#memos.get(this.#keyOf(request));
    return found === null ? null : parseMemo(found.value);
  }

  async remember(request: PublishRequest, memo: HashMemo): Promise<void> {
    await this.#memos.put(this.#keyOf(request), Buffer.from(JSON.stringify(memo)));
  }

  #keyOf({ path, private: isPrivate }: PublishRequest): string {
    const text = JSON.stringify([path, { private: isPrivate }]);
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
