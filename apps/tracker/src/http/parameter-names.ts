import type { QueryReader } from "./query-reader.ts";

/** Names of no meaning to us that are compared all the same; a client sends five or so. */
export const UNKNOWN_NAMES_MAX = 32;

type Name = Pick<QueryReader, "bytes" | "nameFrom" | "nameTo">;

/**
 * Knows the names of parameters and notices one that comes twice, of whatever name: two values are
 * two announces, and whoever stands between may have read the other one.
 */
export class ParameterNames<Known extends string> {
  readonly #names: readonly Known[];
  /** The same, as they come. */
  readonly #written: readonly Uint8Array[];
  readonly #repeatable: ReadonlySet<Known>;
  /** By the length of the name, the indices of the names so long. */
  readonly #byLength: readonly (readonly number[])[];
  readonly #unknown: Int32Array = new Int32Array(2 * UNKNOWN_NAMES_MAX);
  #unknownCount = 0;
  /** A bit for each index. */
  #met = 0;

  /** Those that are `repeatable` may come any number of times. */
  constructor(names: readonly Known[], repeatable: readonly Known[] = []) {
    this.#names = names;
    this.#written = names.map((name) => Buffer.from(name, "latin1"));
    this.#repeatable = new Set(repeatable);
    const longest = Math.max(...names.map((name) => name.length));
    this.#byLength = Array.from({ length: longest + 1 }, (_, length) =>
      names.flatMap((name, index) => (name.length === length ? [index] : [])),
    );
  }

  /** Before each query. */
  forget(): void {
    this.#met = 0;
    this.#unknownCount = 0;
  }

  met(name: Known): boolean {
    return (this.#met & (1 << this.#names.indexOf(name))) !== 0;
  }

  /** Which name it is; "too-many" of an unknown one that could not be compared with the others. */
  meet(name: Name): Known | "unknown" | "repeated" | "too-many" {
    for (const index of this.#byLength[name.nameTo - name.nameFrom] ?? []) {
      const known = this.#names[index];
      const written = this.#written[index];
      if (known === undefined || written === undefined || !nameIs(name, written)) continue;
      const bit = 1 << index;
      if ((this.#met & bit) !== 0 && !this.#repeatable.has(known)) return "repeated";
      this.#met |= bit;
      return known;
    }
    return this.#meetUnknown(name);
  }

  #meetUnknown(name: Name): "unknown" | "repeated" | "too-many" {
    const unknown = this.#unknown;
    const count = this.#unknownCount;
    for (let at = 0; at < count; at += 1) {
      if (isSame(name, unknown[2 * at] ?? 0, unknown[2 * at + 1] ?? 0)) return "repeated";
    }
    if (count === UNKNOWN_NAMES_MAX) return "too-many";
    unknown[2 * count] = name.nameFrom;
    unknown[2 * count + 1] = name.nameTo;
    this.#unknownCount = count + 1;
    return "unknown";
  }
}

function nameIs({ bytes, nameFrom }: Name, known: Uint8Array): boolean {
  for (let at = 0; at < known.length; at += 1) {
    if (bytes[nameFrom + at] !== known[at]) return false;
  }
  return true;
}

function isSame({ bytes, nameFrom, nameTo }: Name, from: number, to: number): boolean {
  const length = nameTo - nameFrom;
  if (to - from !== length) return false;
  for (let at = 0; at < length; at += 1) {
    if (bytes[from + at] !== bytes[nameFrom + at]) return false;
  }
  return true;
}
