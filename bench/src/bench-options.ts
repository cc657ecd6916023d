import { type ParseArgsConfig, parseArgs } from "node:util";
import { BenchError } from "./bench-error.ts";

type Flags = NonNullable<ParseArgsConfig["options"]>;

type Range = { readonly min: number; readonly max: number };

/** The flags of one benchmark. Throws a `BenchError` for one that there is not. */
export function parseFlags<const Options extends Flags>(
  bench: string,
  args: readonly string[],
  options: Options,
): ReturnType<typeof parseArgs<{ args: string[]; options: Options }>>["values"] {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    // Node's own message goes on with advice on dashes; its first sentence says what is wrong.
    const [first = ""] = String(error instanceof Error ? error.message : error).split(". ");
    throw new BenchError(`${first}; see npm run bench -- ${bench} --help`);
  }
}

/** A whole number within its range. */
export function countOption(flag: string, value: string, { min, max }: Range): number {
  const number = /^\d{1,7}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new BenchError(`${flag} takes numbers from ${min} to ${max}, not "${value}"`);
}

/** Such numbers, separated by commas. */
export function countsOption(flag: string, value: string, range: Range): readonly number[] {
  return value.split(",").map((each) => countOption(flag, each, range));
}
