/** What a path asks for; null for nothing that a tracker has. */
export type Route = "announce" | "scrape" | "passkey-broken" | null;

const SLASH = 0x2f;
const ANNOUNCE = "/announce";
const SCRAPE = "/scrape";

/** 32 lower-case hexadecimal digits, which is what 16 random bytes are. */
export const PASSKEY_CHARS = 32;

export type Path = {
  readonly bytes: Buffer;
  readonly pathFrom: number;
  readonly pathTo: number;
};

/** `/announce` and `/scrape`, by themselves or behind one more segment, which is a passkey. */
export function routeOf(path: Path): Route {
  const announces = endsWith(path, ANNOUNCE);
  if (!announces && !endsWith(path, SCRAPE)) return null;
  const nameFrom = path.pathTo - (announces ? ANNOUNCE : SCRAPE).length;
  const route = announces ? "announce" : "scrape";
  if (nameFrom === path.pathFrom) return route;
  const { bytes, pathFrom } = path;
  for (let at = pathFrom + 1; at < nameFrom; at += 1) if (bytes[at] === SLASH) return null;
  return isPasskey(bytes, pathFrom + 1, nameFrom) ? route : "passkey-broken";
}

/** The passkey of a path that has a route; null if it has none. */
export function passkeyOf({ bytes, pathFrom, pathTo }: Path): string | null {
  const from = pathFrom + 1;
  return pathTo - from > PASSKEY_CHARS
    ? bytes.toString("latin1", from, from + PASSKEY_CHARS)
    : null;
}

function endsWith({ bytes, pathFrom, pathTo }: Path, name: string): boolean {
  const from = pathTo - name.length;
  if (from < pathFrom) return false;
  for (let at = 0; at < name.length; at += 1) {
    if (bytes[from + at] !== name.charCodeAt(at)) return false;
  }
  return true;
}

function isPasskey(bytes: Buffer, from: number, to: number): boolean {
  if (to - from !== PASSKEY_CHARS) return false;
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] ?? 0;
    const isDigit = byte >= 0x30 && byte <= 0x39;
    if (!isDigit && (byte < 0x61 || byte > 0x66)) return false;
  }
  return true;
}
