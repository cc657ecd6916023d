import { deepEqual, throws } from "node:assert/strict";
import { test } from "node:test";
import { BenchError } from "../bench-error.ts";
import { parseDownloadOptions } from "./download-options.ts";

test("parseDownloadOptions() given nothing", () => {
  deepEqual(parseDownloadOptions([]), {
    json: false,
    downloaders: ["embedded", "nats", "libtorrent"],
    ...{ runs: 3, sizeMib: 1_024, pieceKib: 1_024 },
  });
});

test("parseDownloadOptions() given everything", () => {
  const args = "--downloaders libtorrent --runs 5 --size-mb 64 --piece-kb 256 --json".split(" ");
  deepEqual(parseDownloadOptions(args), {
    json: true,
    downloaders: ["libtorrent"],
    ...{ runs: 5, sizeMib: 64, pieceKib: 256 },
  });
});

const refused = [
  { given: "an unknown downloader", args: ["--downloaders", "rqbit"], message: /"rqbit"/ },
  { given: "a piece of no length", args: ["--piece-kb", "1000"], message: /two, not "1000"/ },
  { given: "no runs", args: ["--runs", "0"], message: /--runs/ },
] as const;

for (const { given, args, message } of refused) {
  test(`parseDownloadOptions() refuses ${given}`, () => {
    throws(() => parseDownloadOptions(args), { name: new BenchError().name, message });
  });
}
