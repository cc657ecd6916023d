/** What the header of a 206 or a 416 says (RFC 9110, 14.4). */
export type ContentRangeHeader =
  | {
      readonly kind: "part";
      readonly firstByte: number;
      readonly lastByte: number;
      readonly sizeBytes: number;
    }
  | { readonly kind: "unsatisfied"; readonly sizeBytes: number };

const PART = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16})$/i;
const UNSATISFIED = /^bytes \*\/(\d{1,16})$/i;

/** Null for what is malformed or of a size that the origin does not tell or we cannot count. */
export function parseContentRange(text: string | undefined): ContentRangeHeader | null {
  const unsatisfied = UNSATISFIED.exec(text ?? "");
  if (unsatisfied !== null) {
    const sizeBytes = Number(unsatisfied[1]);
    return Number.isSafeInteger(sizeBytes) ? { kind: "unsatisfied", sizeBytes } : null;
  }
  const part = PART.exec(text ?? "");
  if (part === null) return null;
  const [firstByte = 0, lastByte = 0, sizeBytes = 0] = part.slice(1).map(Number);
  const isPart = firstByte <= lastByte && lastByte < sizeBytes;
  if (!isPart || !Number.isSafeInteger(sizeBytes)) return null;
  return { kind: "part", firstByte, lastByte, sizeBytes };
}
