/**
 * Whether a URL is one of the origins or lies under it: `s3://bucket/a` holds `s3://bucket/a/b`,
 * not `s3://bucket/ab`.
 */
export function isUnderOrigin(url: string, origins: readonly string[]): boolean {
  return origins.some((origin) => {
    const prefix = origin.endsWith("/") ? origin : `${origin}/`;
    return `${url}/` === prefix || url.startsWith(prefix);
  });
}
