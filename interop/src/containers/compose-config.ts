import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

export const COMPOSE_FILE: string = join(import.meta.dirname, "../../../docker-compose.yml");

/** As far as tests look at it. */
export type ComposeService = {
  readonly build?: object;
  readonly read_only?: boolean;
  readonly mem_limit: string;
  readonly healthcheck?: { readonly disable?: boolean };
  readonly environment: Readonly<Record<string, string>>;
};

/** What docker-compose.yml comes to with these profiles and nothing set. */
export async function composeConfig(
  ...profiles: readonly string[]
): Promise<Readonly<Record<string, ComposeService>>> {
  const chosen = profiles.flatMap((profile) => ["--profile", profile]);
  const args = ["compose", "--file", COMPOSE_FILE, ...chosen, "config", "--format", "json"];
  return JSON.parse((await execute("docker", args)).stdout).services;
}
