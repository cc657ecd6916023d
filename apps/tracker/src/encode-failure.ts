import { byteString } from "./encode-bytes.ts";
import type { TrackerViolation } from "./violation.ts";

/** A bencoded `failure reason` (BEP 3), with `retry in` where another try is worth it (BEP 31). */
export function encodeFailure({
  sendableText,
  retryInMinutes,
}: Pick<TrackerViolation, "sendableText" | "retryInMinutes">): Buffer {
  const retry = retryInMinutes === null ? "" : `8:retry ini${retryInMinutes}e`;
  return Buffer.from(`d14:failure reason${byteString(sendableText)}${retry}e`, "latin1");
}
