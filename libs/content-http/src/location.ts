import { contentMissing, contentNameNotUtf8, contentUnreadable } from "@seedfleet/content";

/**
 * The one form of an HTTP(S) URL that is compared: WHATWG's, without a fragment, which no origin
 * ever sees. Rejects what is no such URL as `content-missing`, and as `content-unreadable` what
 * would be unsafe to keep or to ask for.
 */
export function parseLocation(location: string): URL {
  const url = URL.parse(location);
  if (url === null || !isHttp(url)) throw contentMissing(withoutSecrets(location));
  const refused = refusalOf(url);
  if (refused !== null) throw contentUnreadable(shown(url), refused);
  url.hash = "";
  // Else a lone "?" would stay and make two texts of one place.
  if (url.search === "") url.search = "";
  return url;
}

export function isHttp(url: URL): boolean {
  return url.protocol === "http:" || url.protocol === "https:";
}

/** Why a URL is not asked for, wherever it came from; null if it may be. */
export function refusalOf(url: URL): string | null {
  if (url.username !== "" || url.password !== "") {
    return (
      "a user name or password in a URL would be kept in the catalog and told in messages; " +
      "let the origin give the files without, or put a proxy that adds it before it"
    );
  }
  if (leadsUpwards(url.pathname)) {
    return "an element of its path leads upwards once it is decoded; name the place itself";
  }
  return null;
}

/** For messages and error details: a query may hold a token, so it is only said to be there. */
export function shown(url: URL): string {
  return url.origin + url.pathname + (url.search === "" ? "" : "?…");
}

/** The last element of the path, decoded, or the host where there is none. */
export function nameOf(url: URL): string {
  const element = url.pathname.split("/").findLast((each) => each !== "");
  if (element === undefined) return url.hostname;
  const bytes = percentDecoded(element);
  const name = textOf(bytes);
  if (name === null) throw contentNameNotUtf8(shown(new URL(".", url)), bytes);
  if (!isSafeName(name)) {
    throw contentUnreadable(shown(url), "its last element is no name that a file can have");
  }
  return name;
}

/**
 * Where a file of a directory lies (BEP 19): its path's elements, encoded, after the directory's.
 * A query stays, since that of an Azure container, say, opens each of its files.
 */
export function fileUrl(directory: URL, path: readonly string[]): URL {
  const encoded = path.map((element) => {
    if (!isSafeName(element)) {
      const name = JSON.stringify(element);
      throw contentUnreadable(shown(directory), `the path element ${name} is no name for a file`);
    }
    return encodeURIComponent(element);
  });
  const url = new URL(directory);
  url.pathname = `${url.pathname}${url.pathname.endsWith("/") ? "" : "/"}${encoded.join("/")}`;
  return url;
}

/** What is neither a way to another directory nor able to garble a line of a log. */
function isSafeName(name: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  return name.isWellFormed() && !/^\.{0,2}$|[/\\\u0000-\u001f\u007f]/.test(name);
}

/** WHATWG resolves `..` and `%2e%2e`; an origin also takes `..%2f` and `..%5c` for a way up. */
function leadsUpwards(pathname: string): boolean {
  return percentDecoded(pathname).toString("latin1").split(/[/\\]/).includes("..");
}

/** A URL's path is ASCII; what is no escape stands for itself. */
function percentDecoded(text: string): Buffer {
  const binary = text.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(binary, "latin1");
}

/** Null if the bytes are not UTF-8. */
function textOf(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Of a text that is no URL: without what may be a password or a token. */
function withoutSecrets(location: string): string {
  return location.replace(/\/\/[^/]*@/, "//…@").replace(/[?#].*/s, "?…");
}
