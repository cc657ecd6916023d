/**
 * A chunk of so many bytes is kept where it is until it is written. Shorter ones are copied, so
 * that an offer that comes byte by byte is no long list of bytes.
 */
export const KEPT_CHUNK_BYTES_MIN: number = 64 * 1024;

/**
 * The bytes of one piece as they came: mostly in the chunks themselves, which nobody copies. Their
 * memory is given back when it is disposed, and must not be read any more then.
 */
export class OfferedBytes implements Disposable {
  readonly lengthBytes: number;
  readonly #recycle: (chunk: Uint8Array) => void;
  readonly #parts: Uint8Array[] = [];
  readonly #kept: Uint8Array[] = [];
  /** What comes after a short chunk, in memory of our own. */
  #rest: { readonly bytes: Uint8Array; usedBytes: number } | null = null;
  #receivedBytes = 0;

  /** `recycle` gives back the memory of a chunk. */
  constructor(lengthBytes: number, recycle: (chunk: Uint8Array) => void) {
    this.lengthBytes = lengthBytes;
    this.#recycle = recycle;
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** One after the other, all that came. */
  get parts(): readonly Uint8Array[] {
    const rest = this.#rest;
    return rest === null ? this.#parts : [...this.#parts, rest.bytes.subarray(0, rest.usedBytes)];
  }

  /** Takes a chunk; false where its bytes are more than the piece has. */
  push(chunk: Uint8Array): boolean {
    const leftBytes = this.lengthBytes - this.#receivedBytes;
    const isKept = this.#rest === null && isWorthKeeping(chunk, leftBytes);
    if (chunk.length > leftBytes) {
      this.#recycle(chunk);
      return false;
    }
    this.#receivedBytes += chunk.length;
    if (isKept) {
      this.#parts.push(chunk);
      this.#kept.push(chunk);
    } else {
      this.#copy(chunk, leftBytes);
      this.#recycle(chunk);
    }
    return true;
  }

  /** All of it in one place. */
  joined(): Uint8Array {
    const { parts } = this;
    const [only] = parts;
    return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
  }

  [Symbol.dispose](): void {
    for (const chunk of this.#kept.splice(0)) this.#recycle(chunk);
    this.#parts.length = 0;
  }

  #copy(chunk: Uint8Array, leftBytes: number): void {
    this.#rest ??= { bytes: Buffer.allocUnsafeSlow(leftBytes), usedBytes: 0 };
    const { bytes, usedBytes } = this.#rest;
    bytes.set(chunk, usedBytes);
    this.#rest.usedBytes += chunk.length;
  }
}

function isWorthKeeping({ length }: Uint8Array, leftBytes: number): boolean {
  return length >= KEPT_CHUNK_BYTES_MIN || length === leftBytes;
}
