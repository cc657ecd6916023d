import assert from "node:assert/strict";

const STATE_LENGTH = 256;

/**
 * The RC4 stream cipher. It keeps nothing secret today, but it is the one that peers who ask for an
 * encrypted payload speak (MSE), and OpenSSL 3 has none.
 *
 * Encrypting and decrypting are the same, and the place in the stream moves with every byte: each
 * direction of a connection has its own cipher, and every byte goes through it once and in order.
 */
export class Rc4 {
  /** In wide integers because V8 is a third slower with bytes. */
  readonly #state = new Int32Array(STATE_LENGTH);
  #i = 0;
  #j = 0;

  constructor(key: Uint8Array) {
    assert(key.length > 0 && key.length <= STATE_LENGTH);
    const state = this.#state;
    for (let i = 0; i < STATE_LENGTH; i += 1) state[i] = i;
    for (let i = 0, j = 0; i < STATE_LENGTH; i += 1) {
      const atI = state[i] ?? 0;
      j = (j + atI + (key[i % key.length] ?? 0)) & 0xff;
      state[i] = state[j] ?? 0;
      state[j] = atI;
    }
  }

  /** Passes over `count` bytes of the key stream: its beginning tells of the key. */
  discard(count: number): void {
    this.crypt(new Uint8Array(count));
  }

  /** Encrypts or decrypts in place. */
  crypt(bytes: Uint8Array): void {
    const state = this.#state;
    const { length } = bytes;
    let i = this.#i;
    let j = this.#j;
    for (let index = 0; index < length; index += 1) {
      i = (i + 1) & 0xff;
      const atI = state[i] ?? 0;
      j = (j + atI) & 0xff;
      const atJ = state[j] ?? 0;
      state[i] = atJ;
      state[j] = atI;
      bytes[index] = (bytes[index] ?? 0) ^ (state[(atI + atJ) & 0xff] ?? 0);
    }
    this.#i = i;
    this.#j = j;
  }

  /**
   * Writes what `source` encrypts or decrypts to into `target`, from `at` on. To copy first costs
   * little; a loop over two buffers is no faster.
   */
  cryptInto(source: Uint8Array, target: Uint8Array, at: number): void {
    target.set(source, at);
    this.crypt(target.subarray(at, at + source.length));
  }
}
