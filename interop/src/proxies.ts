import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as pass } from "node:timers/promises";
import { requireRealPart } from "@seedfleet/testkit";
import { freePort } from "./free-port.ts";
import { RunningProgram } from "./running-program.ts";

const POLL_MS = 20;

/** A proxy before a tracker, and the port of 127.0.0.1 on which it listens. */
export type TrackerProxy = { readonly program: RunningProgram; readonly port: number };

/** nginx as a reverse proxy that keeps connections to the tracker and names the client. */
export async function startNginx(directory: string, trackerPort: number): Promise<TrackerProxy> {
  const port = await freePort();
  const config = `
daemon off;
master_process off;
pid ${directory}/nginx.pid;
error_log stderr;
events {}
http {
  access_log off;
  ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${directory}/${name};`)
    .join("\n  ")}
  upstream tracker {
    server 127.0.0.1:${trackerPort};
    keepalive 4;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://tracker;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }
  }
}
`;
  const file = join(directory, "nginx.conf");
  await writeFile(file, config);
  const where = ["-p", directory, "-e", "stderr", "-c", file];
  return listening(RunningProgram.start([requireRealPart("nginx"), ...where]), port);
}

/** haproxy as a load balancer of connections, which tells of the client by PROXY protocol 2. */
export async function startHaproxy(directory: string, trackerPort: number): Promise<TrackerProxy> {
  const port = await freePort();
  const config = `
defaults
  mode tcp
  timeout connect 10s
  timeout client 60s
  timeout server 60s
listen tracker
  bind 127.0.0.1:${port}
  server tracker 127.0.0.1:${trackerPort} send-proxy-v2
`;
  const file = join(directory, "haproxy.cfg");
  await writeFile(file, config);
  const command = [requireRealPart("haproxy"), "-db", "-f", file];
  return listening(RunningProgram.start(command), port);
}

/** Neither says when it is ready. */
async function listening(program: RunningProgram, port: number): Promise<TrackerProxy> {
  await untilListening(port);
  return { program, port };
}

/** Resolves once a program takes connections that does not say so. */
export async function untilListening(port: number): Promise<void> {
  while (!(await accepts(port))) await pass(POLL_MS);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
