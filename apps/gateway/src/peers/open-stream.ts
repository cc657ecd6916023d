import { randomBytes, randomInt } from "node:crypto";
import type { Socket } from "node:net";
import { type InfoHash, infoHashBytes } from "@seedfleet/bytes";
import {
  MSE_PADDING_BYTES_MAX,
  MSE_PRIVATE_KEY_BYTES,
  type MseEstablished,
  MseInitiator,
  MseReceiver,
  type PayloadMethod,
} from "@seedfleet/mse";
import type { CloseReason } from "./close-reason.ts";
import type { HandshakeReads } from "./handshake-reads.ts";
import type { StreamCiphers } from "./peer-stream.ts";

/** Whether peers may, must or must not encrypt (MSE/PE). */
export type EncryptionPolicy = "allowed" | "required" | "off";

/** Plaintext costs nothing behind the handshake, which is what hides from most middle boxes. */
const METHODS: readonly PayloadMethod[] = ["plaintext", "rc4"];

/** The info hash of which this is `obfuscatedHash()`. */
export type FindObfuscated = (hash: Uint8Array) => Promise<InfoHash | null>;

/** A connection that is ready for BitTorrent's handshake. */
export type OpenedStream = {
  readonly ciphers: StreamCiphers | null;
  /** What the peer said already, in plaintext. */
  readonly received: Uint8Array;
};

/** Finds out whether a peer that connected to us encrypts, and goes along. */
export async function acceptStream(
  reads: HandshakeReads,
  socket: Socket,
  { policy, find }: { readonly policy: EncryptionPolicy; readonly find: FindObfuscated },
): Promise<OpenedStream | CloseReason> {
  if (policy === "off") return { ciphers: null, received: new Uint8Array(0) };
  const handshake = new MseReceiver({
    privateKey: randomBytes(MSE_PRIVATE_KEY_BYTES),
    padding: randomPadding(),
    paddingD: randomPadding(),
    methods: METHODS,
  });
  while (true) {
    const output = handshake.next();
    if (output === null) {
      const bytes = await reads.next();
      if (typeof bytes === "string") return bytes;
      handshake.push(bytes);
    } else if (output.kind === "send") socket.write(output.bytes);
    else if (output.kind === "find-secret") {
      const infoHash = await find(output.obfuscatedHash);
      handshake.secretFound(infoHash === null ? null : infoHashBytes(infoHash));
    } else if (output.kind === "established") return opened(output);
    else if (output.kind === "violation") return output.code;
    else if (policy === "required") return "not-encrypted";
    else return { ciphers: null, received: output.received };
  }
}

/** Encrypts a connection that we opened, and says `initialPayload` on it. */
export async function encryptStream(
  reads: HandshakeReads,
  socket: Socket,
  {
    infoHash,
    initialPayload,
  }: { readonly infoHash: InfoHash; readonly initialPayload: Uint8Array },
): Promise<OpenedStream | CloseReason> {
  const handshake = new MseInitiator({
    privateKey: randomBytes(MSE_PRIVATE_KEY_BYTES),
    padding: randomPadding(),
    paddingC: randomPadding(),
    skey: infoHashBytes(infoHash),
    methods: METHODS,
    initialPayload,
  });
  while (true) {
    const output = handshake.next();
    if (output === null) {
      const bytes = await reads.next();
      if (typeof bytes === "string") return bytes;
      handshake.push(bytes);
    } else if (output.kind === "send") socket.write(output.bytes);
    else if (output.kind === "established") return opened(output);
    else return output.code;
  }
}

function opened({ incoming, outgoing, received }: MseEstablished): OpenedStream {
  const ciphers = incoming === null || outgoing === null ? null : { incoming, outgoing };
  return { ciphers, received };
}

/** Of random length, so that a handshake is not known by its length. */
function randomPadding(): Uint8Array {
  return randomBytes(randomInt(MSE_PADDING_BYTES_MAX + 1));
}
