/** Numbers as they stand in packets: the most significant byte first. Callers check the bounds. */

export function uint16At(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

export function int32At(bytes: Uint8Array, at: number): number {
  return (uint16At(bytes, at) << 16) | uint16At(bytes, at + 2);
}

export function uint32At(bytes: Uint8Array, at: number): number {
  return int32At(bytes, at) >>> 0;
}

/** A signed 64-bit number; beyond 2^53 only about. */
export function int64At(bytes: Uint8Array, at: number): number {
  return int32At(bytes, at) * 0x1_0000_0000 + uint32At(bytes, at + 4);
}

/** Writes the low 32 bits. */
export function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** Copies without making a view, which costs more than so few bytes. */
export function copyBytes(
  from: { readonly bytes: Uint8Array; readonly at: number },
  into: Uint8Array,
  count: number,
): void {
  for (let index = 0; index < count; index += 1) {
    into[index] = from.bytes[from.at + index] as number;
  }
}
