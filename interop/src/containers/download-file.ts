import { ok } from "node:assert/strict";
import { writeFile } from "node:fs/promises";

/** Writes what a URL gives into a file. */
export async function downloadFile(url: string, file: string): Promise<void> {
  const response = await fetch(url);
  ok(response.ok, `${url} answers ${response.status}`);
  await writeFile(file, await response.bytes());
}
