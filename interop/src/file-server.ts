import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { requireRealPart } from "@seedfleet/testkit";
import { freePort } from "./free-port.ts";
import { untilListening } from "./proxies.ts";
import { RunningProgram } from "./running-program.ts";

/** nginx with files: the URLs by which it has them. */
export type FileServer = AsyncDisposable & {
  readonly url: string;
  /** By a name, and a certificate. */
  readonly httpsUrl: string;
  /** What it is asked for here it has elsewhere, by https. */
  readonly movedUrl: string;
  /** It sends files whole, whatever part it is asked for. */
  readonly wholeUrl: string;
};

/** Serves what lies in a directory. */
export async function startFileServer(
  directory: string,
  root: string,
  { certFile, keyFile }: { readonly certFile: string; readonly keyFile: string },
): Promise<FileServer> {
  const [port, tlsPort] = [await freePort(), await freePort()];
  const httpsUrl = `https://localhost:${tlsPort}`;
  const config = `
daemon off;
master_process off;
pid ${directory}/files.pid;
error_log stderr;
events {}
http {
  access_log off;
  default_type application/octet-stream;
  ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${directory}/files-${name};`)
    .join("\n  ")}
  map $request_uri $as_asked { "~^/moved(?<rest>/.*)$" $rest; }
  server {
    listen 127.0.0.1:${port};
    listen 127.0.0.1:${tlsPort} ssl;
    ssl_certificate ${certFile};
    ssl_certificate_key ${keyFile};
    location / { root ${root}; }
    location /whole/ { alias ${root}/; max_ranges 0; }
    location /moved/ {
      return 302 ${httpsUrl}$as_asked;
    }
  }
}
`;
  const file = join(directory, "files.conf");
  await writeFile(file, config);
  const where = ["-p", directory, "-e", "stderr", "-c", file];
  const program = RunningProgram.start([requireRealPart("nginx"), ...where]);
  await untilListening(port);
  const url = `http://127.0.0.1:${port}`;
  return {
    ...{ url, httpsUrl, movedUrl: `${url}/moved`, wholeUrl: `${url}/whole` },
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}
