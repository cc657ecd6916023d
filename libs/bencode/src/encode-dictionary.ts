import bencode from "bencode";

/** Bencoded text in pieces, so that hashes of many megabytes are copied but once, at the end. */
export type Encoded = readonly Uint8Array[];

/** A key, as text or bytes, and its value; null for none. */
export type DictionaryEntry = readonly [key: string | Uint8Array, value: Encoded | null];

const START: Uint8Array = Buffer.from("d");
const END: Uint8Array = Buffer.from("e");

/**
 * A dictionary with its keys in the order of their bytes (BEP 3), whatever order they come in. The
 * `bencode` package sorts by UTF-16 units, so whatever has keys from outside is written by this.
 */
export function encodeDictionary(entries: readonly DictionaryEntry[]): Encoded {
  const present = entries.flatMap(([key, value]) =>
    value === null ? [] : [{ key: Buffer.from(key), value }],
  );
  present.sort((a, b) => Buffer.compare(a.key, b.key));
  return [START, ...present.flatMap(({ key, value }) => [...encodeBytes(key), ...value]), END];
}

/** A byte string, which is not copied. */
export function encodeBytes(bytes: Uint8Array): Encoded {
  return [Buffer.from(`${bytes.length}:`), bytes];
}

/** A text, a number, or lists and dictionaries of them with keys of ours, which are ASCII. */
export function encodeValue(value: unknown): Encoded | null {
  return value === null || value === undefined ? null : [bencode.encode(value)];
}

export function joined(encoded: Encoded): Uint8Array {
  return Uint8Array.from(Buffer.concat(encoded));
}
