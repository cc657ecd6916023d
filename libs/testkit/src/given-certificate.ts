import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A certificate that is its own authority, and its key; the files go when it is disposed of. */
export type GivenCertificate = AsyncDisposable & {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
};

/** Made for a day by `openssl`; of this machine's name unless told otherwise. */
export async function givenCertificate(
  openssl: string,
  name = "DNS:localhost",
): Promise<GivenCertificate> {
  const folder = await mkdtemp(join(tmpdir(), "seedfleet-tls-"));
  const [certFile, keyFile] = [join(folder, "tls.crt"), join(folder, "tls.key")];
  const names = ["-subj", "/CN=seedfleet-test", "-addext", `subjectAltName=${name}`];
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const files = ["-keyout", keyFile, "-out", certFile];
  execFileSync(openssl, ["req", "-x509", ...newKey, "-days", "1", ...names, ...files], {
    stdio: "ignore",
  });
  return {
    certFile,
    keyFile,
    cert: await readFile(certFile, "utf8"),
    key: await readFile(keyFile, "utf8"),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}
