import { requireRealPart } from "@seedfleet/testkit";
import { RunningProgram } from "./running-program.ts";
import type { TestHost } from "./test-host.ts";

/** Of tries to have it begin; on a busy machine one in ten fails. */
const TRIES_MAX = 5;

/** What it says of its torrent after that look. */
const BEGUN = /^(?:Waiting to verify|Verifying local files|Progress|Seeding)/;

/**
 * Starts transmission-cli 3.00 with `--verify`. 0.2 s after its start it looks whether its
 * torrent is being verified; where the machine was too busy for that it ends at once, and well,
 * and is started again here. Resolves when it verifies or is done with that.
 */
export async function startVerifyingTransmission(
  host: TestHost,
  args: readonly string[],
): Promise<RunningProgram> {
  const path = requireRealPart("transmission-cli");
  for (let tries = 1; ; tries += 1) {
    const program = RunningProgram.start(host.command(path, "--no-portmap", "--verify", ...args));
    try {
      await program.line((line) => (BEGUN.test(line) ? true : null));
      return program;
    } catch (error) {
      if ((await program.exited()) !== 0 || tries === TRIES_MAX) throw error;
    }
  }
}
