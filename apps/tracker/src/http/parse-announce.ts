import { AddressBytes } from "../addresses/address-bytes.ts";
import type { AnnounceRequest } from "../announces/announce-request.ts";
import { NUM_WANT_MAX } from "../announces/announces.ts";
import { type TrackerViolation, violation } from "../violation.ts";
import { ParameterNames } from "./parameter-names.ts";
import { endpointOf, LAST_PORT, numberOf, textIs } from "./parameter-value.ts";
import { type Query, QueryReader } from "./query-reader.ts";

const HASH_BYTES = 20;
const ADDRESS_BYTES_MAX = 64;
const EVENTS = ["started", "completed", "stopped", "paused"] as const;

const QUERY_TOO_LONG = violation("query-too-long", "Request is too long");
const ESCAPE_BROKEN = violation("escape-broken", "Request has a broken percent-escape");
const REPEATED = violation("parameter-repeated", "Request has a parameter twice");
const TOO_MANY_NAMES = violation("parameters-too-many", "Request has too many parameters");
const INFO_HASH_INVALID = violation("info-hash-invalid", "info_hash is not 20 bytes");
const PEER_ID_INVALID = violation("peer-id-invalid", "peer_id is not 20 bytes");
const PORT_INVALID = violation("port-invalid", "port is not from 1 to 65535");
const EVENT_INVALID = violation("event-invalid", "event is not one of BEP 3");
const ADDRESS_INVALID = violation("address-invalid", "ip, ipv4 or ipv6 is not an IP address");
const NUMBER_INVALID = violation(
  "number-invalid",
  "uploaded, downloaded, left or numwant is not a number",
);

/** Whose request it is: the address that we know, and whether it may name another. */
export type Asker = {
  readonly address: AddressBytes;
  readonly maySetAddress: boolean;
};

/**
 * Reads the raw query of an announce (BEP 3, 7, 21, 23) in one pass into a request that is used
 * again. Never throws.
 *
 * `ip`, `ipv4` and `ipv6` are only read from who may set its address, because anybody could name
 * anybody. Not read are `key`, which matters to a tracker that lets a peer change its address, and
 * `trackerid`, since we have no state for each client that it could name. libtorrent says `ipv4`
 * and `ipv6` once for each address it listens on: the first counts.
 */
export class AnnounceParser {
  readonly #reader = new QueryReader();
  readonly #names = new ParameterNames(
    [
      "info_hash",
      "peer_id",
      "port",
      "uploaded",
      "downloaded",
      "left",
      "event",
      "numwant",
      "compact",
      "no_peer_id",
      "ip",
      "ipv4",
      "ipv6",
      "key",
      "trackerid",
    ],
    ["ipv4", "ipv6"],
  );
  readonly #named = new AddressBytes();
  #port = 0;
  #ip: string | null = null;
  #ipv4: string | null = null;
  #ipv6: string | null = null;

  /** Null if `into` is the announce; otherwise it holds a part of it. */
  parse(query: Query, asker: Asker, into: AnnounceRequest): TrackerViolation | null {
    const reader = this.#reader;
    const names = this.#names;
    if (!reader.open(query)) return QUERY_TOO_LONG;
    this.#forget(into);
    names.forget();
    let more = reader.next();
    while (more === true) {
      const name = names.meet(reader);
      if (name === "repeated") return REPEATED;
      if (name === "too-many") return TOO_MANY_NAMES;
      const wrong = name === "unknown" ? null : this.#take(name, into);
      if (wrong !== null) return wrong;
      more = reader.next();
    }
    if (more === null) return ESCAPE_BROKEN;
    if (!names.met("info_hash")) return INFO_HASH_INVALID;
    if (!names.met("peer_id")) return PEER_ID_INVALID;
    if (this.#port === 0) return PORT_INVALID;
    return this.#locate(asker, into);
  }

  #forget(into: AnnounceRequest): void {
    into.uploadedBytes = 0;
    into.downloadedBytes = 0;
    into.leftBytes = null;
    into.event = null;
    into.numWant = null;
    into.compact = true;
    into.noPeerId = false;
    into.passkey = null;
    into.otherEndpointBytes = 0;
    this.#port = 0;
    this.#ip = null;
    this.#ipv4 = null;
    this.#ipv6 = null;
  }

  /** Takes the value of one parameter. */
  #take(name: string, into: AnnounceRequest): TrackerViolation | null {
    const reader = this.#reader;
    switch (name) {
      case "info_hash":
        return this.#takeBytes(into.infoHash) ? null : INFO_HASH_INVALID;
      case "peer_id":
        return this.#takeBytes(into.peerId) ? null : PEER_ID_INVALID;
      case "port":
        this.#port = numberOf(reader, 5);
        return this.#port >= 1 && this.#port <= LAST_PORT ? null : PORT_INVALID;
      case "uploaded":
        into.uploadedBytes = numberOf(reader, 16);
        return Number.isSafeInteger(into.uploadedBytes) ? null : NUMBER_INVALID;
      case "downloaded":
        into.downloadedBytes = numberOf(reader, 16);
        return Number.isSafeInteger(into.downloadedBytes) ? null : NUMBER_INVALID;
      case "left":
        return this.#takeLeft(into);
      case "numwant":
        return this.#takeNumWant(into);
      case "event":
        return this.#takeEvent(into);
      case "compact":
        into.compact = !textIs(reader, "0");
        return null;
      case "no_peer_id":
        into.noPeerId = textIs(reader, "1");
        return null;
      case "ip":
        this.#ip = this.#text();
        return null;
      case "ipv4":
        this.#ipv4 ??= this.#text();
        return null;
      case "ipv6":
        this.#ipv6 ??= this.#text();
        return null;
      default:
        return null;
    }
  }

  #takeBytes(into: Uint8Array): boolean {
    const { value, valueLength } = this.#reader;
    if (valueLength !== HASH_BYTES) return false;
    for (let at = 0; at < HASH_BYTES; at += 1) into[at] = value[at] ?? 0;
    return true;
  }

  /** Transmission says 2⁶⁴ − 1 while it has only a magnet: what is not exact is unknown. */
  #takeLeft(into: AnnounceRequest): TrackerViolation | null {
    if (this.#reader.valueLength === 0) return null;
    const left = numberOf(this.#reader, 20);
    if (Number.isNaN(left)) return NUMBER_INVALID;
    into.leftBytes = Number.isSafeInteger(left) ? left : null;
    return null;
  }

  /** A negative one asks for the default, as in BEP 15. */
  #takeNumWant(into: AnnounceRequest): TrackerViolation | null {
    if (this.#reader.valueLength === 0) return null;
    const wanted = numberOf(this.#reader, 20);
    if (wanted >= 0) into.numWant = Math.min(wanted, NUM_WANT_MAX);
    else if (Number.isNaN(numberOf(this.#reader, 20, { negative: true }))) return NUMBER_INVALID;
    return null;
  }

  /** Some clients write the "empty" of BEP 3 out. */
  #takeEvent(into: AnnounceRequest): TrackerViolation | null {
    const reader = this.#reader;
    if (reader.valueLength === 0 || textIs(reader, "empty")) return null;
    for (const event of EVENTS) {
      if (textIs(reader, event)) {
        into.event = event;
        return null;
      }
    }
    return EVENT_INVALID;
  }

  /** Longer than any address can be becomes none. */
  #text(): string {
    const { value, valueLength } = this.#reader;
    return String.fromCharCode(...value.subarray(0, Math.min(valueLength, ADDRESS_BYTES_MAX)));
  }

  #locate({ address, maySetAddress }: Asker, into: AnnounceRequest): TrackerViolation | null {
    if (maySetAddress && (this.#ip ?? this.#ipv4 ?? this.#ipv6) !== null) {
      return this.#locateNamed(address, into);
    }
    into.endpointBytes = writeEndpoint(address, this.#port, into.endpoint);
    return null;
  }

  /** `ip` is in the place of the asker's address, and `ipv4` or `ipv6` is beside it (BEP 7). */
  #locateNamed(address: AddressBytes, into: AnnounceRequest): TrackerViolation | null {
    const named = this.#named;
    named.copy(address.bytes, 0, address.length);
    if (this.#ip !== null && this.#ip !== "" && !named.parse(this.#ip)) return ADDRESS_INVALID;
    into.endpointBytes = writeEndpoint(named, this.#port, into.endpoint);
    // What is said of the family that it asks by would say the same, or contradict.
    const beside = into.endpointBytes === 6 ? this.#ipv6 : this.#ipv4;
    if (beside === null || beside === "") return null;
    const endpoint = endpointOf(beside, this.#port);
    if (endpoint === null || !named.parse(endpoint.host)) return ADDRESS_INVALID;
    if (named.length + 2 === into.endpointBytes) return ADDRESS_INVALID;
    into.otherEndpointBytes = writeEndpoint(named, endpoint.port, into.otherEndpoint);
    return null;
  }
}

function writeEndpoint({ bytes, length }: AddressBytes, port: number, into: Uint8Array): 6 | 18 {
  for (let at = 0; at < length; at += 1) into[at] = bytes[at] ?? 0;
  into[length] = port >> 8;
  into[length + 1] = port & 0xff;
  return length === 4 ? 6 : 18;
}
