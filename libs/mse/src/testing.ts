import { cut } from "@seedfleet/wire/testing";
import fc from "fast-check";
import { MSE_PRIVATE_KEY_BYTES, publicKeyOf, sharedSecret } from "./key-exchange.ts";
import { MseInitiator, type MseInitiatorOptions } from "./mse-initiator.ts";
import type { MseEstablished, PayloadMethod } from "./mse-model.ts";
import { MseReceiver, type MseReceiverOptions, type MseReceiverOutput } from "./mse-receiver.ts";
import { maskedHash, obfuscatedHash, streamCiphers, syncHash } from "./stream-keys.ts";

export const anyMethods: fc.Arbitrary<PayloadMethod[]> = fc.shuffledSubarray(
  ["plaintext", "rc4"] as PayloadMethod[],
  { minLength: 1 },
);
export const anyPadding: fc.Arbitrary<Uint8Array> = fc.uint8Array({ maxLength: 512 });
export const anyCuts: fc.Arbitrary<number[]> = fc.array(fc.nat(4_000), { maxLength: 40 });

export const INFO_HASH: Uint8Array = Uint8Array.fromHex("c0fda1edafdbdbb96443424e0b3899af7159d10e");

export function givenInitiatorOptions(
  options: Partial<MseInitiatorOptions> = {},
): MseInitiatorOptions {
  return {
    privateKey: new Uint8Array(MSE_PRIVATE_KEY_BYTES).fill(7),
    padding: new Uint8Array(5).fill(0xaa),
    skey: INFO_HASH,
    methods: ["rc4", "plaintext"],
    initialPayload: new TextEncoder().encode("initial payload"),
    ...options,
  };
}

export function givenReceiverOptions(
  options: Partial<MseReceiverOptions> = {},
): MseReceiverOptions {
  return {
    privateKey: new Uint8Array(MSE_PRIVATE_KEY_BYTES).fill(9),
    padding: new Uint8Array(6).fill(0xbb),
    methods: ["rc4", "plaintext"],
    ...options,
  };
}

/** One end of a conversation: what it was told to do, and what it heard of the other's payload. */
export class Party {
  readonly outputs: MseReceiverOutput[] = [];
  readonly heard: number[] = [];
  readonly #side: MseInitiator | MseReceiver;
  readonly #says: Uint8Array;
  readonly #infoHash: Uint8Array | null;
  #established: MseEstablished | null = null;

  constructor(side: MseInitiator | MseReceiver, says: Uint8Array, infoHash: Uint8Array | null) {
    this.#side = side;
    this.#says = says;
    this.#infoHash = infoHash;
  }

  /** What it sends now; once it is established, what it has to say follows at once. */
  talk(): Uint8Array {
    const sent: number[] = [];
    for (let output = this.#side.next(); output !== null; output = this.#side.next()) {
      this.outputs.push(output);
      if (output.kind === "send") sent.push(...output.bytes);
      if (output.kind === "established") sent.push(...this.#begin(output));
      if (output.kind === "find-secret") this.#answer();
    }
    return Uint8Array.from(sent);
  }

  hear(read: Uint8Array): void {
    if (this.#established === null) {
      this.#side.push(read);
      return;
    }
    const bytes = Uint8Array.from(read);
    this.#established.incoming?.crypt(bytes);
    this.heard.push(...bytes);
  }

  #begin(established: MseEstablished): Uint8Array {
    this.#established = established;
    this.heard.push(...established.received);
    const says = Uint8Array.from(this.#says);
    established.outgoing?.crypt(says);
    return says;
  }

  #answer(): void {
    if (this.#side instanceof MseReceiver) this.#side.secretFound(this.#infoHash);
  }
}

export type Conversation = {
  readonly initiator?: Partial<MseInitiatorOptions>;
  readonly receiver?: Partial<MseReceiverOptions>;
  /** What the receiver's shell finds. */
  readonly infoHash?: Uint8Array | null;
  readonly initiatorSays?: Uint8Array;
  readonly receiverSays?: Uint8Array;
  /** Where the network cuts what is sent. */
  readonly places?: readonly number[];
};

/** Lets an initiator and a receiver talk until neither has more to say. */
export function converse({
  initiatorSays = new Uint8Array(0),
  receiverSays = new Uint8Array(0),
  infoHash = INFO_HASH,
  places = [],
  ...options
}: Conversation): { readonly initiator: Party; readonly receiver: Party } {
  const opening = new MseInitiator(givenInitiatorOptions(options.initiator));
  const receiving = new MseReceiver(givenReceiverOptions(options.receiver));
  const initiator = new Party(opening, initiatorSays, null);
  const receiver = new Party(receiving, receiverSays, infoHash);
  let toReceiver = initiator.talk();
  while (toReceiver.length > 0) {
    const toInitiator = relay(toReceiver, receiver, places);
    toReceiver = relay(toInitiator, initiator, places);
  }
  return { initiator, receiver };
}

/** All that `to` says while it hears these bytes read by read. */
function relay(bytes: Uint8Array, to: Party, places: readonly number[]): Uint8Array {
  const said = cut(bytes, places).map((read) => {
    to.hear(read);
    return to.talk();
  });
  return Buffer.concat(said);
}

/** Everything that may be wrong with what a peer sends, each right by default. */
export type Forgery = {
  /** PadA or PadB. */
  readonly padding?: Uint8Array;
  readonly verification?: readonly number[];
  readonly methods?: number;
  readonly paddingLength?: number;
  readonly padding2?: Uint8Array;
  readonly initialPayloadLength?: number;
  readonly initialPayload?: Uint8Array;
  /** What follows the handshake, as RC4 encrypts it. */
  readonly encryptedPayload?: Uint8Array;
};

const INITIATOR_KEY = givenInitiatorOptions().privateKey;
const RECEIVER_KEY = givenReceiverOptions().privateKey;

/** The secret of the initiator and the receiver that are given by default. */
export const SECRET: Uint8Array =
  sharedSecret(INITIATOR_KEY, publicKeyOf(RECEIVER_KEY)) ?? new Uint8Array(0);

/** All that an initiator sends to the receiver that is given by default. */
export function givenOpening(forgery: Forgery = {}): Uint8Array {
  const { padding = new Uint8Array(5).fill(0xaa), initialPayload = new Uint8Array(0) } = forgery;
  const { initialPayloadLength = initialPayload.length } = forgery;
  const encrypted = Buffer.concat([
    negotiationOf(forgery),
    uint16(initialPayloadLength),
    initialPayload,
    forgery.encryptedPayload ?? new Uint8Array(0),
  ]);
  streamCiphers(SECRET, INFO_HASH).fromInitiator.crypt(encrypted);
  const hidden = maskedHash(obfuscatedHash(INFO_HASH), SECRET);
  return Buffer.concat([publicKeyOf(INITIATOR_KEY), padding, syncHash(SECRET), hidden, encrypted]);
}

/** All that a receiver sends to the initiator that is given by default. */
export function givenAnswer(forgery: Forgery = {}): Uint8Array {
  const { padding = new Uint8Array(5).fill(0xaa), encryptedPayload = new Uint8Array(0) } = forgery;
  const encrypted = Buffer.concat([negotiationOf(forgery), encryptedPayload]);
  streamCiphers(SECRET, INFO_HASH).fromReceiver.crypt(encrypted);
  return Buffer.concat([publicKeyOf(RECEIVER_KEY), padding, encrypted]);
}

function negotiationOf({
  verification = [0, 0, 0, 0, 0, 0, 0, 0],
  methods = 2,
  padding2 = new Uint8Array(0),
  paddingLength = padding2.length,
}: Forgery): Uint8Array {
  return Uint8Array.from([
    ...verification,
    0,
    0,
    0,
    methods,
    ...uint16(paddingLength),
    ...padding2,
  ]);
}

function uint16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff);
}
