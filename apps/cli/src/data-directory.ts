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
async function writeWhole(file: string, bytes: Uint8Array | string): Promise<void> {
  const partial = `${file}.${randomBytes(4).toString("hex")}.partial`;
  await writeFile(partial, bytes);
  await rename(partial, file);
}

async function identity(file: string): Promise<string> {
  const known = await readFile(file, "utf8").catch(() => "");
  if (/^[0-9a-f]{16}$/.test(known)) return known;
  const id = randomBytes(8).toString("hex");
  await writeWhole(file, id);
  return id;
}
