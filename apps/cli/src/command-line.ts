import { type ParseArgsConfig, parseArgs } from "node:util";
import { usageError } from "./usage-error.ts";

type Flags = NonNullable<ParseArgsConfig["options"]>;

/** Flags and positionals of one command; throws `usage` for a flag there is not. */
export function parseCommandLine<const Options extends Flags>(
  command: string,
  args: readonly string[],
  options: Options,
): ReturnType<typeof parseArgs<{ args: string[]; allowPositionals: true; options: Options }>> {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options });
  } catch (error) {
    // Node's own message goes on with advice on dashes; its first sentence says what is wrong.
    const [first = ""] = String(error instanceof Error ? error.message : error).split(/\.\s/);
    throw usageError(`${first}; see seedfleet ${command} --help`);
  }
}
