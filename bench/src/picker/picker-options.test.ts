import { deepEqual, throws } from "node:assert/strict";
import { test } from "node:test";
import { BenchError } from "../bench-error.ts";
import { parsePickerOptions } from "./picker-options.ts";

test("parsePickerOptions() given nothing", () => {
  const expected = { json: false, pieces: 1_000_000, peers: 1_000, runs: 5 };
  deepEqual(parsePickerOptions([]), expected);
});

test("parsePickerOptions() refuses a torrent of few pieces", () => {
  const message = /--pieces/;
  throws(() => parsePickerOptions(["--pieces", "9"]), { name: new BenchError().name, message });
});
