import assert from "node:assert/strict";
import { INFO_HASH_BYTES } from "@seedfleet/bytes";
import { HandshakeBytes } from "./handshake-bytes.ts";
import { PUBLIC_KEY_BYTES, publicKeyOf, sharedSecret } from "./key-exchange.ts";
import {
  type Ciphers,
  establish,
  MSE_INITIAL_PAYLOAD_BYTES_MAX,
  MSE_PADDING_BYTES_MAX,
  MSE_WAITING_BYTES_MAX,
  type MseOutput,
  type Negotiated,
  type PayloadMethod,
  tooLong,
  violation,
} from "./mse-model.ts";
import {
  decodeNegotiation,
  encodeNegotiation,
  LENGTH_BYTES,
  NEGOTIATION_BYTES,
  verificationMark,
} from "./negotiation.ts";
import { maskedHash, streamCiphers, syncHash } from "./stream-keys.ts";

/** How a connection begins that is not encrypted (BEP 3). */
const PLAINTEXT: Uint8Array = new TextEncoder().encode("\x13BitTorrent protocol");

/** All random bytes must be drawn anew for each connection. */
export type MseReceiverOptions = {
  /** Of `MSE_PRIVATE_KEY_BYTES` random bytes. */
  readonly privateKey: Uint8Array;
  /** PadB: at most `MSE_PADDING_BYTES_MAX` random bytes, of random length. */
  readonly padding: Uint8Array;
  /** PadD: the same, for the answer. */
  readonly paddingD?: Uint8Array;
  /** What we accept, the preferred first. */
  readonly methods: readonly PayloadMethod[];
};

export type MseReceiverOutput =
  | MseOutput
  /** The connection is not encrypted: all that was received, as it was. */
  | { readonly kind: "not-encrypted"; readonly received: Uint8Array }
  /** The shell looks up whose `obfuscatedHash()` this is, and answers by `secretFound()`. */
  | { readonly kind: "find-secret"; readonly obfuscatedHash: Uint8Array };

type Step =
  | { readonly awaits: "public-key" }
  | { readonly awaits: "sync-hash"; readonly secret: Uint8Array; readonly mark: Uint8Array }
  | { readonly awaits: "obfuscated-hash"; readonly secret: Uint8Array }
  | { readonly awaits: "info-hash"; readonly secret: Uint8Array }
  | { readonly awaits: "verification"; readonly ciphers: Ciphers; readonly mark: Uint8Array }
  | { readonly awaits: "methods"; readonly ciphers: Ciphers }
  | ({ readonly awaits: "padding"; readonly length: number } & Negotiated)
  | ({ readonly awaits: "initial-payload"; readonly length: number } & Negotiated)
  | { readonly awaits: "refusal" | "nothing" };

/**
 * The side of a message stream encryption (MSE/PE) handshake that was connected to, for peers that
 * encrypt and for peers that do not: bytes are pushed in, outputs are pulled out.
 *
 * However the network cuts the bytes, the outputs are the same. A peer can make it hold at most
 * `MSE_WAITING_BYTES_MAX` and one read. After `not-encrypted`, `established` or a violation it
 * takes and gives nothing more.
 */
export class MseReceiver {
  readonly #options: MseReceiverOptions;
  readonly #received = new HandshakeBytes();
  #step: Step = { awaits: "public-key" };

  constructor(options: MseReceiverOptions) {
    assert(options.methods.length > 0);
    assert(options.padding.length <= MSE_PADDING_BYTES_MAX);
    assert((options.paddingD?.length ?? 0) <= MSE_PADDING_BYTES_MAX);
    this.#options = options;
  }

  push(bytes: Uint8Array): void {
    if (this.#step.awaits !== "nothing") this.#received.append(bytes);
  }

  /**
   * The info hash that was asked for by `find-secret`, or null if no torrent of ours has it. Comes
   * to nothing if the peer broke the handshake meanwhile.
   */
  secretFound(infoHash: Uint8Array | null): void {
    const step = this.#step;
    if (step.awaits === "nothing") return;
    assert(step.awaits === "info-hash");
    if (infoHash === null) {
      this.#step = { awaits: "refusal" };
      return;
    }
    const { fromInitiator, fromReceiver } = streamCiphers(step.secret, infoHash);
    const ciphers = { incoming: fromInitiator, outgoing: fromReceiver };
    this.#step = { awaits: "verification", ciphers, mark: verificationMark(fromInitiator) };
  }

  /** What is to be done next, or null until more bytes or the answer to `find-secret` come. */
  next(): MseReceiverOutput | null {
    const step = this.#step;
    switch (step.awaits) {
      case "public-key":
        return this.#readPublicKey();
      case "sync-hash":
        return this.#seekSyncHash(step.secret, step.mark);
      case "obfuscated-hash":
        return this.#readObfuscatedHash(step.secret);
      case "info-hash":
        return this.#keepWaiting();
      case "verification":
        return this.#verify(step.ciphers, step.mark);
      case "methods":
        return this.#readMethods(step.ciphers);
      case "padding":
        return this.#readPadding(step, step.length);
      case "initial-payload":
        return this.#readInitialPayload(step, step.length);
      case "refusal":
        return this.#end(violation("mse-secret-unknown"));
      case "nothing":
        return null;
    }
  }

  #readPublicKey(): MseReceiverOutput | null {
    if (this.#received.startsWith(PLAINTEXT)) {
      return this.#end({ kind: "not-encrypted", received: this.#received.takeAll() });
    }
    const peerKey = this.#received.take(PUBLIC_KEY_BYTES);
    if (peerKey === null) return null;
    const { privateKey, padding } = this.#options;
    const secret = sharedSecret(privateKey, peerKey);
    if (secret === null) return this.#end(violation("mse-public-key"));
    this.#step = { awaits: "sync-hash", secret, mark: syncHash(secret) };
    return { kind: "send", bytes: Uint8Array.from([...publicKeyOf(privateKey), ...padding]) };
  }

  #seekSyncHash(secret: Uint8Array, mark: Uint8Array): MseReceiverOutput | null {
    const search = this.#received.takeThrough(mark, MSE_PADDING_BYTES_MAX);
    if (search === "awaited") return null;
    if (search === "absent") return this.#end(violation("mse-sync-lost"));
    this.#step = { awaits: "obfuscated-hash", secret };
    return this.#readObfuscatedHash(secret);
  }

  #readObfuscatedHash(secret: Uint8Array): MseReceiverOutput | null {
    const masked = this.#received.take(INFO_HASH_BYTES);
    if (masked === null) return null;
    this.#step = { awaits: "info-hash", secret };
    return { kind: "find-secret", obfuscatedHash: maskedHash(masked, secret) };
  }

  /** No honest peer gets there: before it has our answer it has little more to send. */
  #keepWaiting(): MseReceiverOutput | null {
    const length = this.#received.byteLength;
    if (length <= MSE_WAITING_BYTES_MAX) return null;
    return this.#end(tooLong("mse-waiting-too-long", length, MSE_WAITING_BYTES_MAX));
  }

  #verify(ciphers: Ciphers, mark: Uint8Array): MseReceiverOutput | null {
    const search = this.#received.takeThrough(mark, 0);
    if (search === "awaited") return null;
    if (search === "absent") return this.#end(violation("mse-verification"));
    this.#step = { awaits: "methods", ciphers };
    return this.#readMethods(ciphers);
  }

  /** Answers at once: some peers send their initial payload only then. */
  #readMethods(ciphers: Ciphers): MseReceiverOutput | null {
    const bytes = this.#received.take(NEGOTIATION_BYTES);
    if (bytes === null) return null;
    ciphers.incoming.crypt(bytes);
    const { methods: provided, paddingLength: length } = decodeNegotiation(bytes);
    const method = this.#options.methods.find((accepted) => provided.includes(accepted));
    if (method === undefined) return this.#end(violation("mse-no-common-method"));
    if (length > MSE_PADDING_BYTES_MAX) {
      return this.#end(tooLong("mse-padding-too-long", length, MSE_PADDING_BYTES_MAX));
    }
    this.#step = { awaits: "padding", ciphers, method, length };
    const { paddingD = new Uint8Array(0) } = this.#options;
    const answer = encodeNegotiation([method], paddingD);
    ciphers.outgoing.crypt(answer);
    return { kind: "send", bytes: answer };
  }

  #readPadding(negotiated: Negotiated, paddingLength: number): MseReceiverOutput | null {
    const bytes = this.#received.take(paddingLength + LENGTH_BYTES);
    if (bytes === null) return null;
    negotiated.ciphers.incoming.crypt(bytes);
    const view = new DataView(bytes.buffer, bytes.byteOffset + paddingLength, LENGTH_BYTES);
    const length = view.getUint16(0);
    const lengthMax = MSE_INITIAL_PAYLOAD_BYTES_MAX;
    if (length > lengthMax) {
      return this.#end(tooLong("mse-initial-payload-too-long", length, lengthMax));
    }
    this.#step = { ...negotiated, awaits: "initial-payload", length };
    return this.#readInitialPayload(negotiated, length);
  }

  #readInitialPayload(negotiated: Negotiated, length: number): MseReceiverOutput | null {
    if (this.#received.byteLength < length) return null;
    return this.#end(establish(negotiated, this.#received.takeAll(), length));
  }

  #end(output: MseReceiverOutput): MseReceiverOutput {
    this.#step = { awaits: "nothing" };
    return output;
  }
}
