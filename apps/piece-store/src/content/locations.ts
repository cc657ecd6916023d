/** What kind of thing a location is; each kind has its own content source. */
export type LocationKind = "file" | "s3" | "http" | "managed";

const MANAGED = "managed:";

export function locationKind(location: string): LocationKind {
  if (location.startsWith(MANAGED)) return "managed";
  if (location.startsWith("s3://")) return "s3";
  return /^https?:\/\//i.test(location) ? "http" : "file";
}

/**
 * What a location shares its speed and its outages with: this machine's disks, the object store, or
 * one HTTP origin.
 */
export function placeOf(location: string): string {
  const kind = locationKind(location);
  if (kind === "http") return URL.parse(location)?.origin ?? kind;
  return kind === "managed" ? "file" : kind;
}

/**
 * The one form of a bucket's or an origin's URL that is compared, without asking either; null where
 * it is none, or has elements by which it may lead elsewhere than it seems to.
 */
export function canonicalUrl(location: string): string | null {
  if (locationKind(location) === "s3") {
    const elements = location.replace(/\/$/, "").split("/").slice(2);
    return elements.some((each) => /^\.{0,2}$/.test(each)) ? null : `s3://${elements.join("/")}`;
  }
  const url = URL.parse(location);
  if (url === null) return null;
  url.hash = "";
  // Else a lone "?" would stay.
  if (url.search === "") url.search = "";
  return url.href;
}

/** Whether other piece-stores can read it as well as we. */
export function isShared(location: string): boolean {
  const kind = locationKind(location);
  return kind === "s3" || kind === "http";
}

/** The location of content that we keep ourselves. */
export function managedLocation(infoHash: string): string {
  return MANAGED + infoHash;
}
