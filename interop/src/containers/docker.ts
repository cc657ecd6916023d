import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";

/** Longer than a registry takes to say that it has no such image. */
const PROBE_MS_MAX = 120_000;

/** Far more than a service logs in a test. */
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

const execute = promisify(execFile);

/** Whether a docker command succeeds; what it prints does not matter. */
export function dockerCan(...args: readonly string[]): boolean {
  const { status } = spawnSync("docker", args, { stdio: "ignore", timeout: PROBE_MS_MAX });
  return status === 0;
}

/** Runs a docker command and gives its output. Rejects with what it said. */
export async function docker(...args: readonly string[]): Promise<string> {
  const { stdout } = await execute("docker", args, { maxBuffer: OUTPUT_BYTES_MAX });
  return stdout.trim();
}

/** What a container has said, by either stream. */
export async function dockerLogs(container: string): Promise<string> {
  const options = { maxBuffer: OUTPUT_BYTES_MAX };
  const { stdout, stderr } = await execute("docker", ["logs", container], options);
  return `${stdout}${stderr}`;
}
