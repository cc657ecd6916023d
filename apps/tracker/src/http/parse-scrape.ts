import { neverFulfilled, type TrackerViolation, violation } from "../violation.ts";
import { ParameterNames } from "./parameter-names.ts";
import { type Query, QueryReader } from "./query-reader.ts";

/** As many as fit a UDP scrape (BEP 15 says about 74), so that both answer alike. */
export const SCRAPE_HASHES_MAX = 64;

const HASH_BYTES = 20;

const QUERY_TOO_LONG = violation("query-too-long", "Request is too long");
const ESCAPE_BROKEN = violation("escape-broken", "Request has a broken percent-escape");
const INFO_HASH_INVALID = violation("info-hash-invalid", "info_hash is not 20 bytes");
const TOO_MANY = violation(
  "scrape-too-many",
  `Scrape is of more than ${SCRAPE_HASHES_MAX} torrents`,
);

/** A scrape of everything costs more the more there is, so it must be allowed. */
export const SCRAPE_OF_EVERYTHING: TrackerViolation = neverFulfilled(
  "scrape-of-everything",
  "Scrape needs an info_hash",
);

/**
 * Reads the raw query of a scrape (BEP 48): its info hashes in the order of their bytes, which is
 * the order of the reply, and each once. Used again for each scrape. Never throws.
 */
export class ScrapeParser {
  /** None is a scrape of everything. */
  infoHashCount = 0;
  readonly #infoHashes: readonly Uint8Array[] = Array.from(
    { length: SCRAPE_HASHES_MAX },
    () => new Uint8Array(HASH_BYTES),
  );
  readonly #order: number[] = [];
  readonly #reader = new QueryReader();
  readonly #names = new ParameterNames(["info_hash"]);

  parse(query: Query): TrackerViolation | null {
    const reader = this.#reader;
    this.infoHashCount = 0;
    this.#order.length = 0;
    if (!reader.open(query)) return QUERY_TOO_LONG;
    let more = reader.next();
    while (more === true) {
      this.#names.forget();
      if (this.#names.meet(reader) === "info_hash") {
        const wrong = this.#take(reader);
        if (wrong !== null) return wrong;
      }
      more = reader.next();
    }
    return more === null ? ESCAPE_BROKEN : null;
  }

  infoHash(index: number): Uint8Array {
    const infoHash = this.#infoHashes[this.#order[index] ?? 0];
    if (infoHash === undefined) throw new RangeError("There is no such info hash");
    return infoHash;
  }

  #take({ value, valueLength }: QueryReader): TrackerViolation | null {
    if (valueLength !== HASH_BYTES) return INFO_HASH_INVALID;
    const count = this.infoHashCount;
    let place = count;
    while (place > 0) {
      const order = compare(this.infoHash(place - 1), value);
      if (order === 0) return null;
      if (order < 0) break;
      place -= 1;
    }
    const free = this.#infoHashes[count];
    if (free === undefined) return TOO_MANY;
    for (let at = 0; at < HASH_BYTES; at += 1) free[at] = value[at] ?? 0;
    this.#order.splice(place, 0, count);
    this.infoHashCount = count + 1;
    return null;
  }
}

function compare(a: Uint8Array, b: Uint8Array): number {
  for (let at = 0; at < HASH_BYTES; at += 1) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
