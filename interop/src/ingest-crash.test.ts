import { equal, ok } from "node:assert/strict";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { RunningProgram } from "./running-program.ts";
import { event } from "./seedfleet.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { loopbackHost as host } from "./test-host.ts";

const CLI = join(import.meta.dirname, "../../apps/cli/src/main.ts");
const MIB: number = 2 ** 20;

/** One thread takes more than two seconds for it on any machine. */
const SIZE_BYTES: number = 2_560 * MIB;

/** No checkpoint is written before, and one is given to be written every so many bytes. */
const CHECKPOINTS_FROM_MS = 1_100;
const CHECKPOINT_BYTES: number = 256 * MIB;

/** What is hashed already behind something that is not; some progress is told a moment late. */
const SLACK_BYTES: number = 64 * MIB;

type Hashing = { readonly hashedBytes: number; readonly totalBytes: number };
type Ready = { readonly torrents: readonly { readonly infoHash: string }[]; adminUrl: string };

test("hashing that was killed goes on where it was, and makes the same torrent", async () => {
  await using work = await temporaryDirectory();
  const file = join(work.path, "large.img");
  await writeSparse(file);

  const data = join(work.path, "data");
  let killedAtBytes = 0;
  {
    await using program = up(file, data);
    const begun = await hashingBeyond(program, 0);
    const begunAtMs = performance.now();
    let { hashedBytes } = begun;
    while (performance.now() - begunAtMs < CHECKPOINTS_FROM_MS) {
      hashedBytes = (await hashingBeyond(program, hashedBytes)).hashedBytes;
    }
    const kept = await hashingBeyond(program, hashedBytes + CHECKPOINT_BYTES + SLACK_BYTES);
    killedAtBytes = kept.hashedBytes;
    await program.stop("SIGKILL");
  }
  ok(killedAtBytes < SIZE_BYTES);

  await using again = up(file, data);
  const first = await hashingBeyond(again, -1);
  const least = killedAtBytes - 2 * (CHECKPOINT_BYTES + SLACK_BYTES);
  ok(first.hashedBytes > 0 && first.hashedBytes >= least, `it began at ${first.hashedBytes}`);
  const ready = await again.line((line) => event<Ready>(line, "ready"));
  ok((await hashedHere(ready)) <= SIZE_BYTES - least);
  await again.stop();

  await using whole = up(file, join(work.path, "other data"), {});
  const { torrents } = await whole.line((line) => event<Ready>(line, "ready"));
  equal(ready.torrents[0]?.infoHash, torrents[0]?.infoHash);
  await whole.stop();
});

function up(
  path: string,
  dataDir: string,
  env: Readonly<Record<string, string>> = { SEEDFLEET_PIECE_STORE_HASH_THREADS: "1" },
): RunningProgram {
  const ports = ["--peer-port", "0", "--tracker-port", "0", "--console-port", "0"];
  const args = ["up", path, "--host", host.address, "--data-dir", dataDir, ...ports, "--json"];
  return RunningProgram.start(host.command(process.execPath, CLI, ...args), { env });
}

/** The first progress that is further. */
function hashingBeyond(program: RunningProgram, bytes: number): Promise<Hashing> {
  return program.line((line) => {
    const told = event<Hashing>(line, "hashing");
    return told !== null && told.totalBytes > 0 && told.hashedBytes > bytes ? told : null;
  });
}

/** What this process itself has hashed. */
async function hashedHere({ adminUrl }: Ready): Promise<number> {
  const metrics = await (await fetch(`${adminUrl}/metrics`)).text();
  const found = /^seedfleet_piece_store_hashed_bytes_total(?:\{.*\})? (\S+)/m.exec(metrics);
  return Number(found?.[1] ?? Number.NaN);
}

/** Takes no space on disk, and none of its pieces is like another. */
async function writeSparse(path: string): Promise<void> {
  const file = await open(path, "w");
  for (let at = 0; at < SIZE_BYTES; at += MIB) await file.write(`${at}`, at);
  await file.truncate(SIZE_BYTES);
  await file.close();
}
