import { BenchError } from "../bench-error.ts";
import { countOption, parseFlags } from "../bench-options.ts";
import { FUZZ_TARGETS, type FuzzTargetName } from "./fuzz-target.ts";

export type FuzzOptions = {
  readonly target: FuzzTargetName;
  readonly seconds: number;
  readonly seed: number;
  /** The number of the first session; those after it follow. */
  readonly first: number;
  readonly parallel: number;
  /** Threads of a tracker. */
  readonly workers: number;
};

/** So that a seed and a session's number are one number of 53 bits. */
export const SEED_MAX: number = 2 ** 20 - 1;

export const FUZZ_USAGE: string = `Usage: npm run fuzz -- [options]

Says noise, and what clients say with some of it changed, to a running gateway, encrypted or not,
or to a tracker over HTTP and UDP, cut anywhere. Ends with 1 when it dies, complains, grows, or does
not serve a good client right and soon.

  --target NAME         gateway, tracker (an open one) or private-tracker (gateway)
  --minutes N           how long (1)
  --seconds N           how long, in place of minutes
  --seed N              which sessions, from 0 to ${2 ** 20 - 1} (by the clock)
  --first N             the number of the first session, to come to one that found something (0)
  --parallel N          sessions at once (32)
  --workers N           threads of a tracker (1)
`;

/** Reads the command line of `bench fuzz`. Throws a `BenchError` that says what is wrong. */
export function parseFuzzOptions(
  args: readonly string[],
  nowMs: number = Date.now(),
): FuzzOptions | "help" {
  const values = parseFlags("fuzz", args, {
    target: { type: "string", default: "gateway" },
    minutes: { type: "string", default: "1" },
    seconds: { type: "string" },
    seed: { type: "string" },
    first: { type: "string", default: "0" },
    parallel: { type: "string", default: "32" },
    workers: { type: "string", default: "1" },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return "help";
  const minutes = countOption("--minutes", values.minutes, { min: 1, max: 100_000 });
  return {
    target: targetOf(values.target),
    seconds:
      values.seconds === undefined
        ? 60 * minutes
        : countOption("--seconds", values.seconds, { min: 1, max: 1_000_000 }),
    seed:
      values.seed === undefined
        ? Math.floor(nowMs) % (SEED_MAX + 1)
        : countOption("--seed", values.seed, { min: 0, max: SEED_MAX }),
    first: countOption("--first", values.first, { min: 0, max: 9_999_999 }),
    parallel: countOption("--parallel", values.parallel, { min: 1, max: 180 }),
    workers: countOption("--workers", values.workers, { min: 1, max: 64 }),
  };
}

function targetOf(value: string): FuzzTargetName {
  const known = FUZZ_TARGETS.find((name) => name === value);
  if (known !== undefined) return known;
  throw new BenchError(`--target is ${FUZZ_TARGETS.join(", ")}, not "${value}"`);
}
