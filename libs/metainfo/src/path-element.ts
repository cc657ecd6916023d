import { PATH_ELEMENT_BYTES_MAX } from "./limits.ts";

/**
 * What may not be within a name: separators of any system, NUL, and the characters that turn the
 * direction of writing, with which `gpj.exe` can be made to read `exe.jpg`.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is among what is taken out.
const DROPPED = /[/\\\u0000\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are replaced.
const REPLACED = /[\u0001-\u001f]/gu;

/** The longest extension that a cut name keeps, with its dot; as libtorrent's. */
const EXTENSION_LENGTH_MAX = 10;

/** How BitComet marked padding before BEP 47 gave it an attribute. */
const BITCOMET_PADDING = "_____padding_file_";

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * One element of a path as a torrent has it, made into a name that is safe to create in a
 * directory; null where nothing is left and the element must be skipped.
 *
 * The rules are libtorrent's, so that both store a torrent in the same place, but for one: names of
 * up to 255 bytes are kept, where libtorrent cuts at 240, because a seed must find the files that
 * are there. Whatever comes out comes out again unchanged.
 */
export function pathElement(bytes: Uint8Array): string | null {
  if (bytes.length === 0) return "_";
  const text = wellFormed(bytes).replace(DROPPED, "").replace(REPLACED, "_");
  if (text === "" || text === "." || text === "..") return null;
  return fitted(text, "");
}

/** Whether a name goes into a torrent and out of it unchanged. */
export function isPathElement(name: string): boolean {
  return name !== "" && name.isWellFormed() && pathElement(Buffer.from(name)) === name;
}

/** Whether a name alone makes a file padding. */
export function marksPadding(element: string): boolean {
  return element.includes(BITCOMET_PADDING);
}

/**
 * The name with a number before its extension, within the length that file systems take: the
 * name of the first duplicate of `a.txt` is `a.1.txt`, as libtorrent's.
 */
export function numberedElement(name: string, number: number): string {
  const dot = name.lastIndexOf(".");
  const base = dot < 0 ? name : name.slice(0, dot);
  const extension = dot < 0 ? "" : name.slice(dot);
  const suffix = `.${number}${extension}`;
  const suffixFits = Buffer.byteLength(suffix) < PATH_ELEMENT_BYTES_MAX / 2;
  return suffixFits ? fitted(base, suffix) : fitted(name, `.${number}`);
}

/** Cuts the name so that it fits with the suffix, or else with its own short extension. */
function fitted(name: string, suffix: string): string {
  const whole = name + suffix;
  if (Buffer.byteLength(whole) <= PATH_ELEMENT_BYTES_MAX) return whole;
  const dot = name.lastIndexOf(".");
  const extension = name.slice(dot);
  const keepsExtension = dot > 0 && Buffer.byteLength(extension) <= EXTENSION_LENGTH_MAX;
  const kept = suffix === "" && keepsExtension ? extension : suffix;
  return cut(name, PATH_ELEMENT_BYTES_MAX - Buffer.byteLength(kept)) + kept;
}

/** The longest head of the text, in whole characters, that takes no more bytes than given. */
function cut(text: string, bytesMax: number): string {
  const bytes = Buffer.from(text);
  let end = Math.min(bytesMax, bytes.length);
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString("utf8", 0, end);
}

/** A U+FFFD in the name itself is kept; one that stands for bytes that are no UTF-8 is not. */
function wellFormed(bytes: Uint8Array): string {
  const text = utf8.decode(bytes);
  if (!text.includes("\ufffd") || Buffer.from(text).equals(bytes)) return text;
  return text.replaceAll("\ufffd", "_");
}
