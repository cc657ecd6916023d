import { AssertionError } from "node:assert";
import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { s3FaultOf } from "./s3-fault.ts";
import { sdkFault } from "./sdk-error.ts";

/** As the SDK makes it of an answer. */
function answer(httpStatusCode: number, name = "Unknown", region?: string): Error {
  const headers = region === undefined ? {} : { "x-amz-bucket-region": region };
  const error = new Error("a text of the store's");
  return Object.assign(error, { name, $metadata: { httpStatusCode }, $response: { headers } });
}

/** As Node makes it of a connection that fails. */
function broken(code: string): Error {
  return Object.assign(new Error("a text of Node's"), { code });
}

const skewed = Object.assign(answer(403), {
  $metadata: { httpStatusCode: 403, clockSkewCorrected: true },
});

const cases: readonly { readonly error: Error; readonly then: readonly [string, RegExp?] }[] = [
  { error: answer(404, "NoSuchKey"), then: ["s3-absent"] },
  { error: answer(412, "PreconditionFailed"), then: ["s3-changed"] },
  { error: answer(416, "InvalidRange"), then: ["s3-changed"] },
  { error: answer(503, "SlowDown"), then: ["later", /^it answers 503 SlowDown, also when asked/] },
  { error: answer(429), then: ["later", /^it answers 429, also/] },
  { error: answer(400, "RequestTimeout"), then: ["later", /400 RequestTimeout/] },
  { error: answer(500, "InternalError"), then: ["soon", /500 InternalError/] },
  { error: answer(502), then: ["soon", /502/] },
  { error: answer(501, "NotImplemented"), then: ["never", /501 NotImplemented/] },
  {
    error: answer(403, "AccessDenied"),
    then: ["s3-refused", /\(it answers 403 AccessDenied\).*Get/],
  },
  { error: answer(403), then: ["s3-refused", /\(it answers 403\).*s3:ListBucket/] },
  { error: answer(403, "SignatureDoesNotMatch"), then: ["s3-refused", /AWS_SECRET_ACCESS_KEY/] },
  { error: answer(403, "InvalidObjectState"), then: ["s3-refused", /restore it/] },
  { error: answer(403, "RequestTimeTooSkewed"), then: ["soon", /clock is wrong/] },
  { error: skewed, then: ["soon", /clock is wrong/] },
  { error: answer(301, "PermanentRedirect", "eu-west-1"), then: ["s3-refused", /to eu-west-1$/] },
  { error: answer(400, "Unknown", "eu-west-1"), then: ["s3-refused", /to eu-west-1$/] },
  { error: answer(301, "Unknown", "<script>"), then: ["s3-refused", /to the bucket's$/] },
  { error: answer(400, "KeyTooLongError"), then: ["never", /400 KeyTooLongError/] },
  { error: answer(400, "a name of\nsomebody's"), then: ["never", /\(it answers 400\)/] },
  { error: answer(200, "SyntaxError"), then: ["never", /200 SyntaxError/] },
  { error: broken("ECONNREFUSED"), then: ["soon", /cannot be reached \(ECONNREFUSED\), also/] },
  { error: broken("ECONNRESET"), then: ["soon", /ECONNRESET/] },
  { error: broken("ENOTFOUND"), then: ["never", /\(ENOTFOUND\); check its endpoint/] },
  { error: broken("CERT_HAS_EXPIRED"), then: ["never", /CERT_HAS_EXPIRED/] },
  { error: new TypeError("a bug"), then: ["never", /the request failed \(TypeError\)/] },
];

for (const { error, then } of cases) {
  const [kind, reason = /^$/] = then;
  test(`sdkFault() given ${error.message} ${errorText(error)} is ${kind}`, () => {
    const detail = s3FaultOf(sdkFault(error))?.detail;
    ok(detail !== undefined);
    equal("retry" in detail ? detail.retry : detail.code, kind);
    const text = "reason" in detail ? detail.reason : "";
    ok(reason.test(text), text);
    equal(text.includes("a text of"), false);
  });
}

test("sdkFault() lets a mistake of ours be one", () => {
  const mistake = new AssertionError({ message: "never" });
  deepEqual(sdkFault(mistake), mistake);
});

function errorText(error: Error): string {
  return JSON.stringify({ ...error, name: error.name });
}
