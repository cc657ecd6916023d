import type { TrackerViolation } from "../violation.ts";
import { type ReplyBytes, written } from "./reply-bytes.ts";

const RETRY_IN = written("8:retry ini");

/** Bencodes a `failure reason` (BEP 3), with `retry in` where something is known of it (BEP 31). */
export function encodeFailure(
  { sendableText, retryInMinutes }: Pick<TrackerViolation, "sendableText" | "retryInMinutes">,
  output: ReplyBytes,
): void {
  output.text("d14:failure reason");
  output.stringLength(sendableText.length);
  output.text(sendableText);
  if (retryInMinutes === "never") output.text("8:retry in5:never");
  else if (retryInMinutes !== null) output.integer(RETRY_IN, retryInMinutes);
  output.text("e");
}
