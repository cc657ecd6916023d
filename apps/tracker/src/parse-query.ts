import { INFO_HASH_BYTES, type InfoHash, infoHashFromBytes } from "@seedfleet/bytes";
import { type TrackerViolation, violation } from "./violation.ts";

/** Twice what a scrape of the most info hashes takes; an announce needs a few hundred. */
export const QUERY_CHARS_MAX = 8_192;

const BYTE_MAX = 0xff;
const PERCENT = 0x25;

/** A name and a value of one character per byte (Latin-1), since info hashes are not text. */
export type Parameter = readonly [name: string, value: string];

/**
 * Splits a raw query string and undoes the percent-encoding of its values. Never through
 * `URLSearchParams`, which takes the bytes for UTF-8 and a `+` for a space.
 */
export function parseQuery(query: string): readonly Parameter[] | TrackerViolation {
  if (query.length > QUERY_CHARS_MAX) return violation("query-too-long", "Request is too long");
  const parameters: Parameter[] = [];
  for (const part of query.split("&")) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    const name = equals < 0 ? part : part.slice(0, equals);
    const value = equals < 0 ? "" : percentDecode(part.slice(equals + 1));
    if (value === null) return violation("escape-broken", "Request has a broken percent-escape");
    parameters.push([name, value]);
  }
  return parameters;
}

export function infoHashOf(value: string | undefined): InfoHash | TrackerViolation {
  if (value === undefined || value.length !== INFO_HASH_BYTES) {
    return violation("info-hash-invalid", `info_hash is not ${INFO_HASH_BYTES} bytes`);
  }
  return infoHashFromBytes(Buffer.from(value, "latin1"));
}

/** Null if an escape is not two hexadecimal digits, or a character is not a byte. */
function percentDecode(value: string): string | null {
  const bytes = Buffer.allocUnsafe(value.length);
  let length = 0;
  for (let at = 0; at < value.length; at += 1) {
    let byte = value.charCodeAt(at);
    if (byte > BYTE_MAX) return null;
    if (byte === PERCENT) {
      const high = hexValue(value.charCodeAt(at + 1));
      const low = hexValue(value.charCodeAt(at + 2));
      if (high === null || low === null) return null;
      byte = (high << 4) | low;
      at += 2;
    }
    bytes[length] = byte;
    length += 1;
  }
  return bytes.toString("latin1", 0, length);
}

/** Also null for the NaN that is read past the end. */
function hexValue(code: number): number | null {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lowerCase = code | 0x20;
  return lowerCase >= 0x61 && lowerCase <= 0x66 ? lowerCase - 0x57 : null;
}
