import { AssertionError } from "node:assert/strict";
import { errorCode, SeedfleetError } from "@seedfleet/runtime";
import { type S3Fault, s3Absent, s3Changed, s3Failed, s3Refused } from "./s3-fault.ts";

/** What the SDK leaves of an answer on the error it makes of it. */
type SdkError = {
  readonly name?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly clockSkewCorrected?: boolean };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
};

const CREDENTIALS_NOT_ACCEPTED: ReadonlySet<string> = new Set([
  "AuthFailure",
  "ExpiredToken",
  "InvalidAccessKeyId",
  "InvalidSecurity",
  "InvalidToken",
  "SignatureDoesNotMatch",
]);

const WRONG_REGION: ReadonlySet<string> = new Set([
  "AuthorizationHeaderMalformed",
  "IllegalLocationConstraintException",
  "PermanentRedirect",
  "TemporaryRedirect",
]);

/** Codes that ask for patience under a status that does not. */
const BUSY: ReadonlySet<string> = new Set(["RequestTimeout", "SlowDown", "Throttling"]);
const BUSY_STATUSES: ReadonlySet<number> = new Set([408, 429, 503]);

/** What may be gone with the next connection. */
const PASSING_NETWORK_FAULTS: ReadonlySet<string> = new Set([
  "EAI_AGAIN",
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EPIPE",
  "ERR_STREAM_PREMATURE_CLOSE",
  "ETIMEDOUT",
]);

/** Names the SDK gives where the store did not say any, as it does not to a HEAD. */
const NO_NAME: ReadonlySet<unknown> = new Set(["Error", "NotFound", "Unknown", "UnknownError"]);

/** What happened, from what the SDK or Node threw; the rest of that is left out. */
export function sdkFault(error: unknown): unknown {
  if (error instanceof SeedfleetError || error instanceof AssertionError) return error;
  const sdkError: SdkError = error instanceof Error ? error : {};
  const status = sdkError.$metadata?.httpStatusCode;
  if (status !== undefined) return answerFault(status, sdkError);
  if (sdkError.name === "CredentialsProviderError") {
    return s3Refused(
      "no credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, " +
        "or have a profile or a role that gives some",
    );
  }
  // The SDK's word for an address that is none.
  const code = sdkError.name === "EndpointError" ? sdkError.name : errorCode(error);
  if (code === null) return s3Failed(`the request failed (${nameOf(sdkError) ?? "no reason"})`);
  const retry = PASSING_NETWORK_FAULTS.has(code) ? "soon" : "never";
  return s3Failed(`the store cannot be reached (${code})`, retry, "check its endpoint");
}

function answerFault(status: number, error: SdkError): S3Fault {
  const name = nameOf(error);
  const answer = `it answers ${status}${name === null ? "" : ` ${name}`}`;
  if (status === 404) return s3Absent();
  if (status === 412 || status === 416) return s3Changed();
  if (BUSY.has(name ?? "") || BUSY_STATUSES.has(status)) return s3Failed(answer, "later");
  if (status >= 500 && status !== 501) return s3Failed(answer, "soon");
  const region = error.$response?.headers?.["x-amz-bucket-region"] ?? null;
  if (WRONG_REGION.has(name ?? "") || status === 301 || (status === 400 && region !== null)) {
    const named = /^[a-z0-9-]{1,32}$/.test(region ?? "") ? region : "the bucket's";
    return s3Refused(`it lies in another region (${answer}); set AWS_REGION to ${named}`);
  }
  if (name === "InvalidObjectState") return s3Refused(archived("an archive"));
  if (name === "RequestTimeTooSkewed" || error.$metadata?.clockSkewCorrected === true) {
    return s3Failed(`this machine's clock is wrong (${answer})`, "soon", "set it right");
  }
  if (CREDENTIALS_NOT_ACCEPTED.has(name ?? "")) {
    return s3Refused(
      `the store does not accept the credentials (${answer}); check AWS_ACCESS_KEY_ID and ` +
        "AWS_SECRET_ACCESS_KEY, or the profile or role they come from",
    );
  }
  if (status === 401 || status === 403) {
    return s3Refused(
      `the store does not let these credentials (${answer}); check that it is there, and that ` +
        "their policy allows s3:GetObject and s3:ListBucket on it",
    );
  }
  return s3Failed(`the store does not do what it is asked (${answer})`);
}

/** Why an object cannot be read until somebody has it brought back. */
export function archived(where: string): string {
  return `it lies in ${where}; restore it, or copy it to another storage class`;
}

/** Null for none, or for one that is no code: what the store says is a stranger's text. */
function nameOf({ name }: SdkError): string | null {
  return typeof name === "string" && !NO_NAME.has(name) && /^\w{1,64}$/.test(name) ? name : null;
}
