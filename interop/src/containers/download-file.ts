import { ok } from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { eventually } from "../eventually.ts";

/** What the console says while NATS elects a leader. */
const NOT_NOW = 503;

/** Writes what a URL gives into a file, once there is something. */
export async function downloadFile(url: string, file: string): Promise<void> {
  await eventually(async () => {
    const response = await fetch(url);
    if (response.status === NOT_NOW) return false;
    ok(response.ok, `${url} answers ${response.status}`);
    await writeFile(file, await response.bytes());
    return true;
  }, true);
}
