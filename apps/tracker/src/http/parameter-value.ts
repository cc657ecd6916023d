export const LAST_PORT = 65_535;

const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

type Value = { readonly value: Uint8Array; readonly valueLength: number };

/** The decimal number a value is, of at most so many digits; NaN if it is none. */
export function numberOf(
  { value, valueLength }: Value,
  digitsMax: number,
  { negative }: { readonly negative: boolean } = NOT_NEGATIVE,
): number {
  const from = negative && value[0] === MINUS ? 1 : 0;
  const digits = valueLength - from;
  if (digits < 1 || digits > digitsMax) return Number.NaN;
  let number = 0;
  for (let at = from; at < valueLength; at += 1) {
    const byte = value[at] ?? 0;
    if (byte < ZERO || byte > NINE) return Number.NaN;
    number = number * 10 + (byte - ZERO);
  }
  return from === 1 ? -number : number;
}

export function textIs({ value, valueLength }: Value, text: string): boolean {
  if (valueLength !== text.length) return false;
  for (let at = 0; at < valueLength; at += 1) if (value[at] !== text.charCodeAt(at)) return false;
  return true;
}

/**
 * The host and port of an endpoint of BEP 7: `192.0.2.1`, `192.0.2.1:6881`, `2001:db8::1`,
 * `[2001:db8::1]` or `[2001:db8::1]:6881`. Null if its port is none; the host may be anything.
 */
export function endpointOf(
  text: string,
  portOtherwise: number,
): { readonly host: string; readonly port: number } | null {
  const match = /^\[([^\]]*)\](?::(\d{1,5}))?$/.exec(text) ?? /^([^:]*):(\d{1,5})$/.exec(text);
  if (match === null) return { host: text, port: portOtherwise };
  const [, host = "", digits] = match;
  const port = digits === undefined ? portOtherwise : Number(digits);
  return port >= 1 && port <= LAST_PORT ? { host, port } : null;
}

const NOT_NEGATIVE = { negative: false } as const;
