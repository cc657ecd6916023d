import { join } from "node:path";
import { readMetrics } from "../admin-port.ts";
import { BenchError } from "../bench-error.ts";
import { BenchProcess } from "../bench-process.ts";
import { makeDirectory } from "../content-file.ts";
import { OWN_CHECKOUT } from "../seeders/seedfleet-up.ts";
import type { FuzzTarget } from "./fuzz-target.ts";
import { meetOthers } from "./good-announcers.ts";
import type { TrackerAt } from "./tracker-sayings.ts";
import { trackerSession } from "./tracker-session.ts";

const MIB = 1024 * 1024;
const HOST = "127.0.0.1";
const READY_MS_MAX = 60_000;
const API_TOKEN = "a-token-for-the-time-of-a-run";

/** Garbage of a thread, and the peers that strange clients are until they are silent for long. */
const GROWTH_BYTES_MAX: number = 192 * MIB;

/** A private tracker remembers besides what each peer said last, of half a million. */
const LEDGER_BYTES_MAX: number = 128 * MIB;

const REFUSALS = /^(seedfleet_tracker_(?:announces|scrapes|refusals|silences)_total\{.*) (\d+)$/gm;

/** `seedfleet tracker` alone, with scrapes of everything, and one user where it is private. */
export async function startTrackerTarget(
  { mode, workers }: { readonly mode: "open" | "private"; readonly workers: number },
  running: AsyncDisposableStack,
): Promise<FuzzTarget> {
  const name = mode === "open" ? "tracker" : "private-tracker";
  const directory = await makeDirectory(running);
  const ports = ["--http-port", "--udp-port", "--api-port"].flatMap((flag) => [flag, "0"]);
  const child = BenchProcess.start(
    {
      name,
      program: process.execPath,
      args: [
        join(OWN_CHECKOUT, "apps/cli/src/main.ts"),
        ...["tracker", "--mode", mode, "--host", HOST, ...ports],
        ...["--workers", String(workers)],
        ...["--data-dir", join(directory, "data"), "--json"],
      ],
      env: {
        SEEDFLEET_LOG_LEVEL: "warn",
        SEEDFLEET_ADMIN_PORT: "0",
        SEEDFLEET_TRACKER_API_TOKEN: API_TOKEN,
        SEEDFLEET_TRACKER_WHOLE_SCRAPE: "true",
      },
    },
    running,
  );
  const ready = await child.event("ready", READY_MS_MAX);
  const adminUrl = String(ready["adminUrl"]);
  const passkey = mode === "open" ? null : await newPasskey(String(ready["apiUrl"]));
  const at: TrackerAt = {
    ...{ host: HOST, passkey },
    httpPort: Number(URL.parse(String(ready["httpUrl"]))?.port),
    udpPort: Number(URL.parse(String(ready["udpUrl"]))?.port),
  };
  return {
    ...{ name, child, pid: child.pid, adminUrl },
    growthBytesMax: workers * GROWTH_BYTES_MAX + (mode === "private" ? LEDGER_BYTES_MAX : 0),
    strange: (seed) => trackerSession(at, seed),
    good: (serial) => meetOthers(at, serial),
    async counted() {
      const text = await readMetrics(Number(URL.parse(adminUrl)?.port));
      return [...text.matchAll(REFUSALS)].map(([, what, count]) => `${what} ${count}`).join("\n");
    },
  };
}

async function newPasskey(apiUrl: string): Promise<string> {
  const answer = await fetch(new URL("/users", apiUrl), {
    method: "POST",
    headers: { authorization: `Bearer ${API_TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({ name: "fuzz" }),
  });
  const { passkey } = (await answer.json()) as { readonly passkey?: string };
  if (passkey === undefined) throw new BenchError(`no passkey was given: ${answer.status}`);
  return passkey;
}
