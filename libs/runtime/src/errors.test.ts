import { equal } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { errorCode, errorMessage, SeedfleetError } from "./errors.ts";

test("SeedfleetError keeps its detail and its cause", () => {
  const cause = new Error("disk on fire");
  const error = new SeedfleetError(
    "Cannot read piece 7",
    { code: "piece-absent", piece: 7 },
    cause,
  );
  equal(error.detail.piece, 7);
  equal(error.cause, cause);
  equal("cause" in new SeedfleetError("Cannot", { code: "x" }), false);
});

test("errorCode() tells ours, Node's and other errors apart", () => {
  equal(errorCode(new SeedfleetError("Cannot", { code: "piece-absent" })), "piece-absent");
  equal(errorCode(thrownBy(() => readFileSync("/nowhere"))), "ENOENT");
  equal(errorCode(new Error("plain")), null);
  equal(errorCode("text"), null);
});

test("errorMessage() reads anything that was thrown", () => {
  equal(errorMessage(new Error("plain")), "plain");
  equal(errorMessage(7), "7");
});

function thrownBy(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}
