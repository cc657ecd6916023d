const TOKEN_CHARACTERS =
  "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

const IS_TOKEN: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  TOKEN_CHARACTERS.includes(String.fromCharCode(byte)) ? 1 : 0,
);

const COMMA = 0x2c;
const TAB = 0x09;
const SPACE = 0x20;

/** Whether a byte may stand in a method or in a header's name (RFC 9110, section 5.6.2). */
export function isToken(byte: number): boolean {
  return IS_TOKEN[byte] === 1;
}

/** Whether `text`, which is in lower case, stands at `from`, in whatever case. */
export function lowerCaseIs(bytes: Uint8Array, from: number, text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const byte = bytes[from + at] ?? 0;
    const lower = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
    if (lower !== text.charCodeAt(at)) return false;
  }
  return true;
}

export type Span = { readonly bytes: Uint8Array; readonly from: number; readonly to: number };

/** Whether `token`, in lower case, is an element of a list such as that of `Connection`. */
export function tokensHave({ bytes, from, to }: Span, token: string): boolean {
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === COMMA || byte === SPACE || byte === TAB) continue;
    let end = at;
    while (end < to && bytes[end] !== COMMA) end += 1;
    let last = end;
    while (bytes[last - 1] === SPACE || bytes[last - 1] === TAB) last -= 1;
    if (last - at === token.length && lowerCaseIs(bytes, at, token)) return true;
    at = end;
  }
  return false;
}
