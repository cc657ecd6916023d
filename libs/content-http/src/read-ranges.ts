import assert from "node:assert/strict";
import {
  type ContentFile,
  type ContentListing,
  type ContentRange,
  contentChanged,
} from "@seedfleet/content";
import { forEachBounded } from "@seedfleet/runtime";
import type { Answer } from "./answer.ts";
import { parseContentRange } from "./content-range.ts";
import { encodingFault, PassingFault, statusFault } from "./faults.ts";
import type { HttpClient } from "./http-client.ts";
import { REQUESTS_AT_ONCE_MAX } from "./http-limits.ts";
import { fileUrl, shown } from "./location.ts";
import { isSameVersion, onlyIfListed, validatorsOf } from "./validators.ts";

/** Bytes of one file that one request asks for. */
type Part = {
  readonly listed: ContentFile;
  readonly offsetBytes: number;
  readonly into: Uint8Array;
};

/** What there is at a listed file's URL, or how its bytes end, if it is not what was listed. */
const GONE: ReadonlySet<number> = new Set([404, 410, 412, 416]);

/** Fills `into` with the ranges, one after the other. */
export async function readRanges(
  client: HttpClient,
  listing: ContentListing,
  { ranges, into }: { readonly ranges: readonly ContentRange[]; readonly into: Uint8Array },
): Promise<void> {
  const base = new URL(listing.path);
  const stopping = new AbortController();
  const signal = client.signalOf([stopping.signal]);
  const parts = partsOf(listing, ranges, into);
  await forEachBounded(parts, REQUESTS_AT_ONCE_MAX, async (part) => {
    const url = listing.single ? base : fileUrl(base, part.listed.path);
    try {
      await readPart(client, { ...part, url }, signal);
    } catch (error) {
      // The others would only delay the failure.
      stopping.abort(error);
      throw error;
    }
  });
}

/** One for each run of ranges that follow each other in a file, since each costs a round trip. */
function partsOf(
  listing: ContentListing,
  ranges: readonly ContentRange[],
  into: Uint8Array,
): readonly Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const { file, offsetBytes, lengthBytes } of ranges) {
    const listed = listing.files[file];
    assert(listed !== undefined);
    assert(offsetBytes >= 0 && offsetBytes + lengthBytes <= listed.sizeBytes);
    const begin = at;
    at += lengthBytes;
    assert(at <= into.length);
    if (lengthBytes === 0) continue;
    const last = parts.at(-1);
    if (last?.listed === listed && last.offsetBytes + last.into.length === offsetBytes) {
      parts[parts.length - 1] = { ...last, into: into.subarray(begin - last.into.length, at) };
    } else {
      parts.push({ listed, offsetBytes, into: into.subarray(begin, at) });
    }
  }
  assert.equal(at, into.length);
  return parts;
}

/** A further attempt asks only for what is still to come: it is of the same version. */
function readPart(
  client: HttpClient,
  part: Part & { readonly url: URL },
  signal: AbortSignal,
): Promise<void> {
  const { listed, offsetBytes, into, url } = part;
  let filled = 0;
  return client.trying(
    url,
    async (ask) => {
      const firstByte = offsetBytes + filled;
      const lastByte = offsetBytes + into.length - 1;
      const headers = { ...onlyIfListed(listed), range: `bytes=${firstByte}-${lastByte}` };
      const { answer } = await ask({ method: "GET", headers });
      const fault =
        versionFault(answer, part, client.clock.nowMs()) ??
        partFault(answer, { firstByte, lastByte });
      if (fault !== null) {
        answer.discard();
        throw fault;
      }
      const received = await answer.receive(into.subarray(filled));
      filled += received.bytes;
      if (received.fault !== null) throw received.fault;
    },
    { signal, shortcut: true },
  );
}

/** Why the answer gives no bytes of the listed version. */
function versionFault(
  answer: Answer,
  { listed, url }: { readonly listed: ContentFile; readonly url: URL },
  nowMs: number,
): Error | null {
  const { status, headers } = answer;
  if (GONE.has(status)) return contentChanged(shown(url));
  if (status !== 200 && status !== 206) return statusFault(answer, url, nowMs);
  if (!isSameVersion(validatorsOf(headers), listed)) return contentChanged(shown(url));
  if (status === 200) {
    return new PassingFault("the origin sends all of it where a part was asked for");
  }
  const said = parseContentRange(headers["content-range"]);
  if (said !== null && said.sizeBytes !== listed.sizeBytes) return contentChanged(shown(url));
  return encodingFault(answer, url);
}

/** Why a 206 is not the answer to what was asked. */
function partFault(
  { headers }: Answer,
  asked: { readonly firstByte: number; readonly lastByte: number },
): PassingFault | null {
  const said = parseContentRange(headers["content-range"]);
  const isAsked =
    said?.kind === "part" && said.firstByte === asked.firstByte && said.lastByte === asked.lastByte;
  return isAsked ? null : new PassingFault("the origin sends another part than was asked for");
}
