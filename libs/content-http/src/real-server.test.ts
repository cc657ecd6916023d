import { ok, rejects } from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { errorCode, systemClock } from "@seedfleet/runtime";
import { realPartTest } from "@seedfleet/testkit";
import { HttpContentSource } from "./http-content-source.ts";

// Python's own server takes no ranges; any Python 3 has it, and this one the tests need anyway.
realPartTest(["python3-libtorrent"], "an origin without ranges is refused", async (t, paths) => {
  const directory = mkdtempSync(join(tmpdir(), "seedfleet-content-http-"));
  t.after(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, "a.iso"), "01234");
  const options = ["-u", "-m", "http.server", "0", "--bind", "127.0.0.1"];
  const server = spawn(paths["python3-libtorrent"], [...options, "--directory", directory], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  t.after(async () => {
    server.kill();
    if (server.exitCode === null && server.signalCode === null) await once(server, "exit");
  });
  const [line] = await once(createInterface(server.stdout), "line");
  const url = /http:\/\/127\.0\.0\.1:\d+\//.exec(String(line))?.[0];
  ok(url !== undefined, `no URL in "${line}"`);

  await using source = new HttpContentSource({ clock: systemClock, allowed: () => true });
  await rejects(
    source.list(`${url}a.iso`),
    (error: Error) =>
      errorCode(error) === "content-no-ranges" && /not with 200$/.test(error.message),
  );
  await rejects(source.list(`${url}b.iso`), {
    detail: { code: "content-missing", path: `${url}b.iso` },
  });
});
