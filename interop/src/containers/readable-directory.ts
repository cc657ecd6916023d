import { chmod } from "node:fs/promises";
import { temporaryDirectory } from "../temporary-directory.ts";

/** One that is gone with the test, and that a container's user may read. */
export async function readableDirectory(): Promise<AsyncDisposable & { readonly path: string }> {
  const directory = await temporaryDirectory();
  await chmod(directory.path, 0o755);
  return directory;
}
