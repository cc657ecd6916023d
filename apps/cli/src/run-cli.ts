import { SeedfleetError, VERSION } from "@seedfleet/runtime";
import { publish } from "./publish.ts";
import { PUBLISH_USAGE, parsePublishOptions } from "./publish-options.ts";
import { humanReporter, jsonReporter, type Reporter } from "./reporter.ts";
import { up } from "./up.ts";
import { parseUpOptions, UP_USAGE } from "./up-options.ts";
import { usageError } from "./usage-error.ts";

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

const USAGE = `Usage: seedfleet COMMAND

  up [PATH…]       seeds directories and files from this machine until Ctrl-C
  publish PATH…    has a running fleet's piece-store hash and publish paths it can read
  version          prints the version

seedfleet COMMAND --help tells more.
`;

/** Runs one command and gives its exit code. Whatever is wrong is one line on standard error. */
export async function runCli(args: readonly string[]): Promise<number> {
  const reporter = reporterFor(args.includes("--json"));
  try {
    await run(args, reporter);
    return 0;
  } catch (error) {
    if (!(error instanceof SeedfleetError)) throw error;
    reporter.failed(error);
    return error.detail.code === "usage" ? EXIT_USAGE : EXIT_FAILED;
  }
}

async function run([command, ...args]: readonly string[], reporter: Reporter): Promise<void> {
  switch (command) {
    case "up": {
      const options = parseUpOptions(args);
      return options === "help" ? print(UP_USAGE) : up(options, reporter);
    }
    case "publish": {
      const options = parsePublishOptions(args);
      return options === "help" ? print(PUBLISH_USAGE) : publish(options, reporter);
    }
    case "version":
    case "--version":
      return print(`seedfleet ${VERSION}\n`);
    case "help":
    case "--help":
    case "-h":
    case undefined:
      return print(USAGE);
    default:
      throw usageError(`There is no command "${command}"; see seedfleet --help`);
  }
}

function reporterFor(json: boolean): Reporter {
  const output = {
    out: print,
    err: (text: string) => void process.stderr.write(text),
    redraws: process.stderr.isTTY === true,
  };
  return json ? jsonReporter(output) : humanReporter(output);
}

function print(text: string): void {
  process.stdout.write(text);
}
