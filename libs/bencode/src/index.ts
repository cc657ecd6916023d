export type { BencodeFault, BencodeViolation } from "./bencode-violation.ts";
export {
  type Bencoded,
  type BencodedEntry,
  bytesOf,
  entriesOf,
  find,
  integerOf,
  isDictionary,
  isList,
  itemsOf,
  rawOf,
  rootOf,
  startOf,
  textOf,
  unorderedKey,
} from "./bencoded.ts";
export {
  type DictionaryEntry,
  type Encoded,
  encodeBytes,
  encodeDictionary,
  encodeValue,
  joined,
} from "./encode-dictionary.ts";
export { type BencodeLimits, type BencodeTree, scanBencode, tokenCount } from "./scan-bencode.ts";
