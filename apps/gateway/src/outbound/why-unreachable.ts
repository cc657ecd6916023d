const CODES: Readonly<Record<string, string>> = {
  ENOTFOUND: "its name does not resolve",
  EAI_AGAIN: "its name does not resolve now",
  ECONNREFUSED: "it refuses connections",
  ECONNRESET: "it closes the connection",
  ENETUNREACH: "no network leads there",
  EHOSTUNREACH: "no network leads there",
  ETIMEDOUT: "it does not answer",
  EPROTO: "it does not speak TLS as we do",
  CERT_HAS_EXPIRED: "its certificate has expired",
  CERT_NOT_YET_VALID: "its certificate is not valid yet",
  CERT_REVOKED: "its certificate was revoked",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another name",
};

/** What OpenSSL says of a certificate that no authority known here stands behind. */
const UNTRUSTED: ReadonlySet<string> = new Set([
  "CERT_UNTRUSTED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/**
 * Why somebody outside cannot be reached, by the code of the error, for people. The error's own
 * message may name a URL, so none of it is told.
 */
export function whyUnreachable(code: string): string {
  if (UNTRUSTED.has(code)) {
    return "its certificate is of no authority known here; NODE_EXTRA_CA_CERTS names more";
  }
  if (code.startsWith("ERR_SSL_")) return `it does not speak TLS as we do (${code})`;
  return CODES[code] ?? `it cannot be reached (${code})`;
}
