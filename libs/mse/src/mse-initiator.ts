import assert from "node:assert/strict";
import { HandshakeBytes } from "./handshake-bytes.ts";
import { PUBLIC_KEY_BYTES, publicKeyOf, sharedSecret } from "./key-exchange.ts";
import {
  type Ciphers,
  establish,
  MSE_INITIAL_PAYLOAD_BYTES_MAX,
  MSE_PADDING_BYTES_MAX,
  type MseOutput,
  type Negotiated,
  type PayloadMethod,
  tooLong,
  violation,
} from "./mse-model.ts";
import {
  decodeNegotiation,
  encodeNegotiation,
  NEGOTIATION_BYTES,
  verificationMark,
} from "./negotiation.ts";
import type { Rc4 } from "./rc4.ts";
import { maskedHash, obfuscatedHash, streamCiphers, syncHash } from "./stream-keys.ts";

/** All random bytes must be drawn anew for each connection. */
export type MseInitiatorOptions = {
  /** Of `MSE_PRIVATE_KEY_BYTES` random bytes. */
  readonly privateKey: Uint8Array;
  /** PadA: at most `MSE_PADDING_BYTES_MAX` random bytes, of random length. */
  readonly padding: Uint8Array;
  /** PadC: the same, for the second message. */
  readonly paddingC?: Uint8Array;
  /** The info hash of the torrent that is meant. */
  readonly skey: Uint8Array;
  /** What we provide; the peer selects one. */
  readonly methods: readonly PayloadMethod[];
  /** IA: what goes along with the handshake, such as that of BEP 3. */
  readonly initialPayload: Uint8Array;
};

type Step =
  | { readonly awaits: "start" | "public-key" }
  | { readonly awaits: "verification"; readonly ciphers: Ciphers; readonly mark: Uint8Array }
  | { readonly awaits: "method"; readonly ciphers: Ciphers }
  | ({ readonly awaits: "padding"; readonly length: number } & Negotiated)
  | { readonly awaits: "nothing" };

/**
 * The side of a message stream encryption (MSE/PE) handshake that connects: bytes are pushed in,
 * outputs are pulled out, the first of them before anything was received.
 *
 * However the network cuts the bytes, the outputs are the same. A peer can make it hold one padding
 * and one read. After `established` or a violation it takes and gives nothing more.
 */
export class MseInitiator {
  readonly #options: MseInitiatorOptions;
  readonly #received = new HandshakeBytes();
  #step: Step = { awaits: "start" };

  constructor(options: MseInitiatorOptions) {
    assert(options.methods.length > 0);
    assert(options.padding.length <= MSE_PADDING_BYTES_MAX);
    assert((options.paddingC?.length ?? 0) <= MSE_PADDING_BYTES_MAX);
    assert(options.initialPayload.length <= MSE_INITIAL_PAYLOAD_BYTES_MAX);
    this.#options = options;
  }

  push(bytes: Uint8Array): void {
    if (this.#step.awaits !== "nothing") this.#received.append(bytes);
  }

  /** What is to be done next, or null until more bytes come. */
  next(): MseOutput | null {
    const step = this.#step;
    switch (step.awaits) {
      case "start":
        return this.#start();
      case "public-key":
        return this.#readPublicKey();
      case "verification":
        return this.#seekVerification(step.ciphers, step.mark);
      case "method":
        return this.#readMethod(step.ciphers);
      case "padding":
        return this.#readPadding(step, step.length);
      case "nothing":
        return null;
    }
  }

  #start(): MseOutput {
    const { privateKey, padding } = this.#options;
    this.#step = { awaits: "public-key" };
    return { kind: "send", bytes: Uint8Array.from([...publicKeyOf(privateKey), ...padding]) };
  }

  #readPublicKey(): MseOutput | null {
    const peerKey = this.#received.take(PUBLIC_KEY_BYTES);
    if (peerKey === null) return null;
    const secret = sharedSecret(this.#options.privateKey, peerKey);
    if (secret === null) return this.#end(violation("mse-public-key"));
    const { fromInitiator, fromReceiver } = streamCiphers(secret, this.#options.skey);
    const ciphers = { incoming: fromReceiver, outgoing: fromInitiator };
    this.#step = { awaits: "verification", ciphers, mark: verificationMark(fromReceiver) };
    return { kind: "send", bytes: this.#proposal(secret, fromInitiator) };
  }

  /** Which torrent is meant, what we provide and the initial payload. */
  #proposal(secret: Uint8Array, outgoing: Rc4): Uint8Array {
    const { skey, methods, paddingC = new Uint8Array(0), initialPayload } = this.#options;
    const length = [initialPayload.length >> 8, initialPayload.length & 0xff];
    const negotiation = encodeNegotiation(methods, paddingC);
    const encrypted = Uint8Array.from([...negotiation, ...length, ...initialPayload]);
    outgoing.crypt(encrypted);
    const hidden = maskedHash(obfuscatedHash(skey), secret);
    return Uint8Array.from([...syncHash(secret), ...hidden, ...encrypted]);
  }

  #seekVerification(ciphers: Ciphers, mark: Uint8Array): MseOutput | null {
    const search = this.#received.takeThrough(mark, MSE_PADDING_BYTES_MAX);
    if (search === "awaited") return null;
    if (search === "absent") return this.#end(violation("mse-sync-lost"));
    this.#step = { awaits: "method", ciphers };
    return this.#readMethod(ciphers);
  }

  #readMethod(ciphers: Ciphers): MseOutput | null {
    const bytes = this.#received.take(NEGOTIATION_BYTES);
    if (bytes === null) return null;
    ciphers.incoming.crypt(bytes);
    const { methods: selected, paddingLength: length } = decodeNegotiation(bytes);
    const [method, ...others] = selected;
    const { methods: provided } = this.#options;
    if (method === undefined || others.length > 0 || !provided.includes(method)) {
      return this.#end(violation("mse-no-common-method"));
    }
    if (length > MSE_PADDING_BYTES_MAX) {
      return this.#end(tooLong("mse-padding-too-long", length, MSE_PADDING_BYTES_MAX));
    }
    this.#step = { awaits: "padding", ciphers, method, length };
    return this.#readPadding({ ciphers, method }, length);
  }

  #readPadding(negotiated: Negotiated, length: number): MseOutput | null {
    const padding = this.#received.take(length);
    if (padding === null) return null;
    negotiated.ciphers.incoming.crypt(padding);
    return this.#end(establish(negotiated, this.#received.takeAll(), 0));
  }

  #end(output: MseOutput): MseOutput {
    this.#step = { awaits: "nothing" };
    return output;
  }
}
