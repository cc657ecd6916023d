import {
  type BencodeTree,
  DICTIONARY,
  INTEGER,
  LIST,
  stringAt,
  tokenAfter,
  WORDS_PER_TOKEN,
} from "./scan-bencode.ts";

/**
 * One value of a scanned text: a place in it, not a copy. The functions below read it and give null
 * (or nothing) where it is of another kind, so that a parser asks for what it wants and judges the
 * answer alone. No key ever becomes a property name: a dictionary with a key `__proto__` is as any
 * other.
 */
export type Bencoded = { readonly tree: BencodeTree; readonly token: number };

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** The outermost value. */
export function rootOf(tree: BencodeTree): Bencoded {
  return { tree, token: 0 };
}

export function isDictionary(value: Bencoded | null): value is Bencoded {
  return value !== null && kindByte(value) === DICTIONARY;
}

export function isList(value: Bencoded | null): value is Bencoded {
  return value !== null && kindByte(value) === LIST;
}

export function integerOf(value: Bencoded | null): number | null {
  if (value === null || kindByte(value) !== INTEGER) return null;
  const raw = rawOf(value);
  return Number(utf8.decode(raw.subarray(1, -1)));
}

export function bytesOf(value: Bencoded | null): Uint8Array | null {
  if (value === null) return null;
  const kind = kindByte(value);
  if (kind === DICTIONARY || kind === LIST || kind === INTEGER) return null;
  return stringAt(value.tree, value.token);
}

/** A byte string read as UTF-8, with U+FFFD for what is not. */
export function textOf(value: Bencoded | null): string | null {
  const bytes = bytesOf(value);
  return bytes === null ? null : utf8.decode(bytes);
}

/** The value as it stands in the text, to the bit. */
export function rawOf({ tree, token }: Bencoded): Uint8Array {
  const word = token * WORDS_PER_TOKEN;
  return tree.bytes.subarray(tree.tokens[word], tree.tokens[word + 1]);
}

/** The items of a list; none of any other value. */
export function* itemsOf(list: Bencoded | null): Generator<Bencoded, void> {
  if (!isList(list)) return;
  const { tree, token } = list;
  const end = tokenAfter(tree, token);
  for (let item = token + 1; item < end; item = tokenAfter(tree, item)) yield { tree, token: item };
}

export type BencodedEntry = { readonly key: Bencoded; readonly value: Bencoded };

/** The entries of a dictionary as they stand; none of any other value. */
export function* entriesOf(dictionary: Bencoded | null): Generator<BencodedEntry, void> {
  if (!isDictionary(dictionary)) return;
  const { tree, token } = dictionary;
  const end = tokenAfter(tree, token);
  for (let key = token + 1; key < end; key = tokenAfter(tree, key + 1)) {
    yield { key: { tree, token: key }, value: { tree, token: key + 1 } };
  }
}

/** The value of a key in ASCII; null where the key is absent or the value no dictionary. */
export function find(dictionary: Bencoded | null, key: string): Bencoded | null {
  const wanted = Buffer.from(`${key.length}:${key}`, "latin1");
  for (const entry of entriesOf(dictionary)) {
    if (wanted.equals(rawOf(entry.key))) return entry.value;
  }
  return null;
}

/** The first key, at any depth, that sorts before the one it follows; null if all are in order. */
export function unorderedKey({ tree, token }: Bencoded): Bencoded | null {
  const end = tokenAfter(tree, token);
  for (let each = token; each < end; each += 1) {
    let previous: Uint8Array | null = null;
    for (const { key } of entriesOf({ tree, token: each })) {
      const bytes = stringAt(tree, key.token);
      if (previous !== null && Buffer.compare(previous, bytes) > 0) return key;
      previous = bytes;
    }
  }
  return null;
}

/** Where the value starts in the text. */
export function startOf({ tree, token }: Bencoded): number {
  return tree.tokens[token * WORDS_PER_TOKEN] ?? 0;
}

function kindByte(value: Bencoded): number | undefined {
  return value.tree.bytes[startOf(value)];
}
