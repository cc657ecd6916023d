import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { errorMessage, SeedfleetError } from "@seedfleet/runtime";

export type DataDirectoryError = SeedfleetError<{
  readonly code: "data-directory-unusable";
  readonly path: string;
}>;

/** What `up` remembers between starts. */
export type DataDirectory = {
  /** The name of this machine's services in the fleet; made once. */
  readonly id: string;
  /** Where the embedded bus keeps its key-value and objects. */
  readonly busFile: string;
  /** Where what is downloaded is kept; made when there is something. */
  readonly managedRoot: string;
  /** The token of a private tracker's API, in a file that only this user reads; made once. */
  apiToken(): Promise<{ readonly token: string; readonly file: string }>;
  /** Writes a `.torrent` whole or not at all, and gives its path. */
  writeTorrent(fileName: string, bytes: Uint8Array): Promise<string>;
};

/** Makes the directory if it is not there. Throws `data-directory-unusable`. */
export async function openDataDirectory(path: string): Promise<DataDirectory> {
  const root = resolve(path);
  const torrents = join(root, "torrents");
  try {
    await mkdir(torrents, { recursive: true });
    const id = await identity(join(root, "id"));
    return {
      id,
      busFile: join(root, "bus.sqlite"),
      managedRoot: join(root, "managed"),
      async apiToken() {
        const file = join(root, "api-token");
        return { token: await secretIn(file), file };
      },
      async writeTorrent(fileName, bytes) {
        const file = join(torrents, fileName);
        await writeWhole(file, bytes);
        return file;
      },
    };
  } catch (cause) {
    throw new SeedfleetError(
      `Cannot use the data directory ${root}: ${errorMessage(cause)}; name another with --data-dir`,
      { code: "data-directory-unusable", path: root },
      cause,
    );
  }
}

/** Replaces a file in one step, so that nobody ever reads half of it. */
async function writeWhole(
  file: string,
  bytes: Uint8Array | string,
  mode: number = 0o666,
): Promise<void> {
  const partial = `${file}.${randomBytes(4).toString("hex")}.partial`;
  await writeFile(partial, bytes, { mode });
  await rename(partial, file);
}

async function secretIn(file: string): Promise<string> {
  const known = (await readFile(file, "utf8").catch(() => "")).trim();
  if (/^[0-9a-f]{64}$/.test(known)) return known;
  const secret = randomBytes(32).toString("hex");
  await writeWhole(file, `${secret}\n`, 0o600);
  return secret;
}

async function identity(file: string): Promise<string> {
  const known = await readFile(file, "utf8").catch(() => "");
  if (/^[0-9a-f]{16}$/.test(known)) return known;
  const id = randomBytes(8).toString("hex");
  await writeWhole(file, id);
  return id;
}
