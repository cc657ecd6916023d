import { basename } from "node:path";
import { RunningProgram } from "../running-program.ts";
import { IMAGE } from "./service-container.ts";
import { testLabel } from "./test-label.ts";

/** Where the image has what a script may import. */
const ROOT = "/seedfleet";

export type ScriptOptions = {
  readonly network: string;
  readonly alias?: string;
  readonly args?: readonly string[];
  /** More of `docker run`. */
  readonly options?: readonly string[];
};

/**
 * Runs a script of the tests in a container of the image. It has to end when its standard input
 * does, so that it does not outlive the test, and by signals, which the first process of a
 * container must handle by itself.
 */
export function startScript(
  file: string,
  { network, alias, args = [], options = [] }: ScriptOptions,
): RunningProgram {
  const mounted = `${ROOT}/${basename(file)}`;
  const named = alias === undefined ? [] : ["--network-alias", alias];
  return RunningProgram.start(
    [
      ...["docker", "run", "--rm", "--interactive", "--label", testLabel],
      ...["--network", network, ...named, ...options],
      // The checkout may have been made with a strict umask.
      ...["--user", "0:0", "--volume", `${file}:${mounted}:ro`],
      ...["--entrypoint", "node", IMAGE, "--disable-warning=ExperimentalWarning", mounted],
      ...args,
    ],
    { openInput: true },
  );
}
