import {
  type Bencoded,
  bytesOf,
  type Encoded,
  encodeBytes,
  encodeDictionary,
  encodeValue,
  find,
  integerOf,
  joined,
  textOf,
} from "@seedfleet/bencode";
import {
  ipAddressBytes,
  ipAddressFromBytes,
  ipAddressText,
  parseIpAddress,
} from "@seedfleet/bytes";
import {
  dictionaryOf,
  type ExtensionViolation,
  extensionViolation,
  integerWithin,
} from "./read-extension.ts";

/** The `extendedId` of the extension handshake (BEP 10). */
export const EXTENSION_HANDSHAKE_ID = 0;

/** Handshakes in the wild take some 300 bytes; there is room for many extensions of others. */
export const EXTENSION_HANDSHAKE_BYTES_MAX = 8_192;

/** As long as a client's name and version may be; what is longer says no more. */
export const CLIENT_NAME_LENGTH_MAX = 64;

const LIMITS = { bytesMax: EXTENSION_HANDSHAKE_BYTES_MAX, depthMax: 8, tokensMax: 512 } as const;

const MESSAGE_ID_MAX = 255;
const PORT_MAX = 65_535;

const CONTROL_CHARACTERS = /\p{Cc}/gu;

/**
 * By which `extendedId` a side wants to be sent each message. Zero switches it off; null says
 * nothing, so that a later handshake need only name what changes (BEP 10).
 */
export type ExtensionMessageIds = {
  /** `ut_metadata` (BEP 9). */
  readonly metadata: number | null;
  /** `ut_pex` (BEP 11). */
  readonly pex: number | null;
  /** `lt_donthave` (BEP 54). */
  readonly dontHave: number | null;
};

/** What each side may tell of itself with BEP 10's handshake; null where it says nothing. */
export type ExtensionHandshake = {
  readonly messageIds: ExtensionMessageIds;
  /** The length of the info dictionary (BEP 9): a claim, until it is there and hashed. */
  readonly metadataSizeBytes: number | null;
  /** How many requests it keeps at a time; what is beyond may be dropped. */
  readonly requestsQueuedMax: number | null;
  /** Name and version of the client, as it calls itself. */
  readonly client: string | null;
  /** The address at which it sees us. */
  readonly yourIp: string | null;
  readonly listenPort: number | null;
  /** It wants nothing more from us, though it may not have all (BEP 21). */
  readonly uploadOnly: boolean | null;
};

/** Reads the payload. Keys that are absent or of another kind are as absent, as in libtorrent. */
export function decodeExtensionHandshake(
  payload: Uint8Array,
): ExtensionHandshake | ExtensionViolation {
  const dictionary = dictionaryOf(payload, LIMITS);
  if (dictionary === null) return extensionViolation("extension-handshake-invalid", payload);
  const ids = find(dictionary, "m");
  const uploadOnly = integerOf(find(dictionary, "upload_only"));
  return {
    messageIds: {
      metadata: messageId(ids, "ut_metadata"),
      pex: messageId(ids, "ut_pex"),
      dontHave: messageId(ids, "lt_donthave"),
    },
    metadataSizeBytes: integerWithin(find(dictionary, "metadata_size"), 1),
    requestsQueuedMax: integerWithin(find(dictionary, "reqq"), 1),
    client: clientName(find(dictionary, "v")),
    yourIp: ipText(find(dictionary, "yourip")),
    listenPort: integerWithin(find(dictionary, "p"), 1, PORT_MAX),
    uploadOnly: uploadOnly === null ? null : uploadOnly !== 0,
  };
}

/** The payload of an `extended` message with the id 0; what is null is not said. */
export function encodeExtensionHandshake(handshake: ExtensionHandshake): Uint8Array {
  const { messageIds, uploadOnly } = handshake;
  const ids = encodeDictionary([
    ["lt_donthave", encodeValue(messageIds.dontHave)],
    ["ut_metadata", encodeValue(messageIds.metadata)],
    ["ut_pex", encodeValue(messageIds.pex)],
  ]);
  return joined(
    encodeDictionary([
      ["m", ids],
      ["metadata_size", encodeValue(handshake.metadataSizeBytes)],
      ["p", encodeValue(handshake.listenPort)],
      ["reqq", encodeValue(handshake.requestsQueuedMax)],
      ["upload_only", encodeValue(uploadOnly === null ? null : Number(uploadOnly))],
      ["v", encodeValue(handshake.client)],
      ["yourip", encodeIp(handshake.yourIp)],
    ]),
  );
}

function messageId(ids: Bencoded | null, name: string): number | null {
  return integerWithin(find(ids, name), 0, MESSAGE_ID_MAX);
}

/** A stranger's text that ends up in logs and on screens: short, and without control characters. */
function clientName(value: Bencoded | null): string | null {
  const text = textOf(value)?.replaceAll(CONTROL_CHARACTERS, "\u{fffd}");
  return text ? text.slice(0, CLIENT_NAME_LENGTH_MAX).toWellFormed() : null;
}

function ipText(value: Bencoded | null): string | null {
  const address = ipAddressFromBytes(bytesOf(value) ?? new Uint8Array());
  return address === null ? null : ipAddressText(address);
}

function encodeIp(host: string | null): Encoded | null {
  const address = host === null ? null : parseIpAddress(host);
  return address === null ? null : encodeBytes(ipAddressBytes(address));
}
