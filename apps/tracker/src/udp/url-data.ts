import { UDP_URL_DATA } from "@seedfleet/announce";
import { UDP_PACKET_BYTES_MAX, UDP_PASSKEY_CHARS_MAX } from "./udp-limits.ts";

const END_OF_OPTIONS = 0;
const NO_OPERATION = 1;

/** What follows a passkey in an announce URL. */
const ANNOUNCE = Buffer.from("/announce");

const [SLASH, QUESTION_MARK] = Buffer.from("/?") as unknown as [number, number];

/**
 * The options behind an announce (BEP 41), of which we know one: path and query of the URL that the
 * client was given, in pieces of up to 255 bytes. `/<passkey>/announce` carries a passkey. Other
 * paths say nothing: `udp://host:port/announce` is common, and open trackers take any.
 */
export class UrlData {
  readonly #url = new Uint8Array(UDP_PACKET_BYTES_MAX);
  #length = 0;

  /** Reads what lies from `from` to `end`; false if an option is cut short. */
  read(packet: Uint8Array, from: number, end: number): boolean {
    this.#length = 0;
    let at = from;
    while (at < end) {
      const option = packet[at];
      at += 1;
      if (option === END_OF_OPTIONS) return true;
      if (option === NO_OPERATION) continue;
      if (at >= end) return false;
      const length = packet[at] as number;
      at += 1;
      if (at + length > end) return false;
      // Every option but those two has a length, so those yet to come can be stepped over.
      if (option === UDP_URL_DATA) this.#append(packet, at, length);
      at += length;
    }
    return true;
  }

  /** Null without one, and for `/announce`; false for what is no passkey. */
  passkey(): string | null | false {
    const url = this.#url;
    if (this.#length <= ANNOUNCE.length || url[0] !== SLASH) return null;
    let end = 1;
    while (end < this.#length && url[end] !== SLASH && url[end] !== QUESTION_MARK) end += 1;
    if (!this.#announceAt(end)) return null;
    if (end === 1 || end - 1 > UDP_PASSKEY_CHARS_MAX) return false;
    for (let at = 1; at < end; at += 1) {
      if (!isPasskeyCharacter(url[at] as number)) return false;
    }
    return String.fromCharCode(...url.subarray(1, end));
  }

  #append(packet: Uint8Array, from: number, length: number): void {
    for (let index = 0; index < length; index += 1) {
      this.#url[this.#length + index] = packet[from + index] as number;
    }
    this.#length += length;
  }

  /** Whether the path ends there with `/announce`; a query may follow. */
  #announceAt(start: number): boolean {
    const end = start + ANNOUNCE.length;
    if (end > this.#length || (end < this.#length && this.#url[end] !== QUESTION_MARK)) {
      return false;
    }
    for (let index = 0; index < ANNOUNCE.length; index += 1) {
      if (this.#url[start + index] !== ANNOUNCE[index]) return false;
    }
    return true;
  }
}

/** Letters, digits, `-` and `_`: what stands in a path as it is. */
function isPasskeyCharacter(byte: number): boolean {
  const letter = byte | 0x20;
  if (letter >= 0x61 && letter <= 0x7a) return true;
  return (byte >= 0x30 && byte <= 0x39) || byte === 0x2d || byte === 0x5f;
}
