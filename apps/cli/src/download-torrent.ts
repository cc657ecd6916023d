import { METAINFO_BYTES_MAX } from "@seedfleet/metainfo";
import { errorMessage, SeedfleetError } from "@seedfleet/runtime";

/** A site may send from its name to `www`, to https, and to where files are kept. */
export const TORRENT_REDIRECTS_MAX = 5;

/** 64 MiB over a slow line; who is slower than that is not there. */
export const TORRENT_DOWNLOAD_MS_MAX = 60_000;

export type DownloadLimits = { readonly bytesMax: number; readonly timeoutMs: number };

const LIMITS: DownloadLimits = {
  bytesMax: METAINFO_BYTES_MAX,
  timeoutMs: TORRENT_DOWNLOAD_MS_MAX,
};

/** Whether what names a torrent is a place to download it from. */
export function isWebUrl(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

/**
 * The bytes that an http or https URL gives, whatever they are, and never more than one above
 * `bytesMax`. Throws `torrent-unreadable` with the reason.
 */
export async function downloadTorrent(
  url: string,
  { bytesMax, timeoutMs }: DownloadLimits = LIMITS,
): Promise<Uint8Array> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const body = await answerOf(url, signal);
    return await read(body, bytesMax);
  } catch (error) {
    const reason = signal.aborted ? `it took longer than ${timeoutMs / 1_000} s` : reasonOf(error);
    const message = `Cannot download ${url}: ${reason}`;
    throw new SeedfleetError(message, { code: "torrent-unreadable" }, error);
  }
}

async function answerOf(url: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  let at = new URL(url);
  for (let redirects = 0; redirects <= TORRENT_REDIRECTS_MAX; redirects += 1) {
    const answer = await fetch(at, { signal, redirect: "manual" });
    const { status, body, headers } = answer;
    const location = status >= 300 && status < 400 ? headers.get("location") : null;
    if (location === null) {
      if (!answer.ok || body === null) throw new Error(`the server answers ${status}`);
      return body;
    }
    await body?.cancel();
    at = redirected(at, location);
  }
  throw new Error(`it is redirected more than ${TORRENT_REDIRECTS_MAX} times`);
}

/** Nothing but the web, and nothing less safe than what was asked for. */
function redirected(from: URL, location: string): URL {
  const to = URL.parse(location, from);
  const isKept =
    to?.protocol === "https:" || (to?.protocol === "http:" && from.protocol === "http:");
  if (to !== null && isKept) return to;
  throw new Error(`it is redirected to "${to?.protocol ?? location}", which is not followed`);
}

async function read(body: AsyncIterable<Uint8Array>, bytesMax: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > bytesMax) break;
  }
  return Buffer.concat(chunks).subarray(0, bytesMax + 1);
}

/** What lies behind `fetch failed`. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : null;
  return errorMessage(cause instanceof Error && cause.message !== "" ? cause : error);
}
