import {
  type ContentFile,
  contentMissing,
  contentNoRanges,
  contentNotListable,
  contentUnreadable,
} from "@seedfleet/content";
import type { Answer } from "./answer.ts";
import { parseContentRange } from "./content-range.ts";
import { encodingFault, statusFault } from "./faults.ts";
import type { Asked, HttpClient } from "./http-client.ts";
import { shown } from "./location.ts";
import { validatorsOf } from "./validators.ts";

export type ProbedFile = Omit<ContentFile, "path">;

/** It has no bytes to be changed, and an origin may answer 416 without saying its version. */
const EMPTY: ProbedFile = { sizeBytes: 0, identity: "", modified: "" };

const NO_RANGES = "the origin must answer a request for a part of it (Range, RFC 9110) with 206";

/**
 * Learns a file's size and version by asking for its first byte, which proves at the same time
 * that the origin gives parts: a HEAD would take a second request, and many signed URLs refuse it.
 */
export function probeFile(client: HttpClient, url: URL, signal: AbortSignal): Promise<ProbedFile> {
  return client.trying(
    url,
    async (ask) => {
      const asked = await ask({ method: "GET", headers: { range: "bytes=0-0" } });
      const { answer } = asked;
      if (answer.status === 206 && !isDirectory(asked, url)) return firstByteOf(answer, url);
      answer.discard();
      if (isEmpty(answer)) return EMPTY;
      if (answer.status === 416) {
        const head = await ask({ method: "HEAD", headers: {} });
        head.answer.discard();
        if (isEmpty(head.answer)) return EMPTY;
      }
      throw refusal(asked, url, client.clock.nowMs());
    },
    { signal, shortcut: false },
  );
}

async function firstByteOf(answer: Answer, url: URL): Promise<ProbedFile> {
  const part = parseContentRange(answer.headers["content-range"]);
  const encoded = encodingFault(answer, url);
  if (encoded !== null || part?.kind !== "part" || part.lastByte !== 0) {
    answer.discard();
    const said = JSON.stringify(answer.headers["content-range"]?.slice(0, 64) ?? "");
    throw encoded ?? contentNoRanges(shown(url), `${NO_RANGES} "bytes 0-0/…", not with ${said}`);
  }
  const { fault } = await answer.receive(new Uint8Array(1));
  if (fault !== null) throw fault;
  const validators = validatorsOf(answer.headers);
  if (validators.identity === "" && validators.modified === "") {
    throw contentUnreadable(
      shown(url),
      "the origin gives neither a strong ETag nor Last-Modified, so nobody could tell when it " +
        "changes; turn one of them on there",
    );
  }
  return { sizeBytes: part.sizeBytes, ...validators };
}

/** Go's server, among others, gives all of an empty file when asked for a part of it. */
function isEmpty({ status, headers }: Answer): boolean {
  if (status === 200) return headers["content-length"] === "0";
  const said = parseContentRange(headers["content-range"]);
  return status === 416 && said?.kind === "unsatisfied" && said.sizeBytes === 0;
}

/** Servers redirect from a directory's name to the same with a slash. */
function isDirectory({ url: asked }: Asked, url: URL): boolean {
  return asked.pathname.endsWith("/") && !url.pathname.endsWith("/");
}

/** Why the first byte could not be had. */
function refusal(asked: Asked, url: URL, nowMs: number): Error {
  const { status } = asked.answer;
  if (status === 404 || status === 410) return contentMissing(shown(url));
  if (status < 500 && isDirectory(asked, url)) {
    return contentNotListable(shown(url), `it is a directory; ${NOT_LISTABLE}`);
  }
  if (status !== 200 && status !== 416) return statusFault(asked.answer, url, nowMs);
  const encoded = encodingFault(asked.answer, url);
  return encoded ?? contentNoRanges(shown(url), `${NO_RANGES}, not with ${status}`);
}

/** Why, and what to do instead. */
export const NOT_LISTABLE: string =
  "an origin cannot tell what files it has; publish it with a .torrent that names them, " +
  "or publish its files one by one";
