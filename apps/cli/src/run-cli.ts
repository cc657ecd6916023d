import { SeedfleetError, VERSION } from "@seedfleet/runtime";
import { adopt } from "./adopt.ts";
import { ADOPT_USAGE, parseAdoptOptions } from "./adopt-options.ts";
import { backup, restoreBackup } from "./backup/backup.ts";
import {
  BACKUP_USAGE,
  parseBackupOptions,
  parseRestoreBackupOptions,
  RESTORE_BACKUP_USAGE,
} from "./backup/backup-options.ts";
import { budget } from "./budget.ts";
import { BUDGET_USAGE, parseBudgetOptions } from "./budget-options.ts";
import { cancel } from "./cancel.ts";
import { CANCEL_USAGE, parseCancelOptions } from "./cancel-options.ts";
import { check } from "./check.ts";
import { CHECK_USAGE, parseCheckOptions } from "./check-options.ts";
import { choking } from "./choking.ts";
import { CHOKING_USAGE, parseChokingOptions } from "./choking-options.ts";
import { doctor } from "./doctor/doctor.ts";
import { DOCTOR_USAGE, parseDoctorOptions } from "./doctor/doctor-options.ts";
import { drain } from "./drain.ts";
import { DRAIN_USAGE, parseDrainOptions } from "./drain-options.ts";
import { explain } from "./explain.ts";
import { EXPLAIN_USAGE, parseExplainOptions } from "./explain-options.ts";
import { gateways } from "./gateways.ts";
import { GATEWAYS_USAGE, parseGatewaysOptions } from "./gateways-options.ts";
import { inspect } from "./inspect.ts";
import { INSPECT_USAGE, parseInspectOptions } from "./inspect-options.ts";
import { jobs } from "./jobs.ts";
import { JOBS_USAGE, parseJobsOptions } from "./jobs-options.ts";
import { limit } from "./limit.ts";
import { LIMIT_USAGE, parseLimitOptions } from "./limit-options.ts";
import { ls } from "./ls.ts";
import { LS_USAGE, parseLsOptions } from "./ls-options.ts";
import { mirror } from "./mirror.ts";
import { MIRROR_USAGE, parseMirrorOptions } from "./mirror-options.ts";
import { mirrors } from "./mirrors.ts";
import { MIRRORS_USAGE, parseMirrorsOptions } from "./mirrors-options.ts";
import { preheat } from "./preheat.ts";
import { PREHEAT_USAGE, parsePreheatOptions } from "./preheat-options.ts";
import { publish } from "./publish.ts";
import { PUBLISH_USAGE, parsePublishOptions } from "./publish-options.ts";
import { humanReporter, jsonReporter, type Reporter } from "./reporter.ts";
import { restore } from "./restore.ts";
import { parseRestoreOptions, RESTORE_USAGE } from "./restore-options.ts";
import { terminalOutput } from "./terminal-output.ts";
import { tracker } from "./tracker.ts";
import { parseTrackerOptions, TRACKER_USAGE } from "./tracker-options.ts";
import { up } from "./up.ts";
import { parseUpOptions, UP_USAGE } from "./up-options.ts";
import { usageError } from "./usage-error.ts";

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

const USAGE = `Usage: seedfleet COMMAND

On this machine, without a fleet:
  up [PATH…]                    seeds directories and files until Ctrl-C
  tracker                       runs a BitTorrent tracker until Ctrl-C
  inspect FILE|MAGNET           prints what a .torrent file or a magnet link says
  doctor                        looks for what is wrong here and in a fleet, and says what to do

In a running fleet:
  publish PATH…                 has a piece-store hash and seed paths it can read
  adopt FILE.torrent LOCATION…  has it seed content by a .torrent that is there already
  mirror MAGNET|FILE|URL        has gateways download a torrent of somebody else's
  mirrors                       lists what is downloaded, and how far it is
  restore INFO_HASH             has bad pieces downloaded anew
  ls                            lists what is seeded, where it lies and how it is
  limit INFO_HASH               sets how much upload a torrent gets
  choking INFO_HASH             sets whom its slots go to, and whether it is super-seeded
  budget                        sets how much upload the fleet has, and each label
  check INFO_HASH               has everything of a torrent read and checked
  jobs                          lists what piece-stores were asked to do
  cancel JOB|INFO_HASH          cancels one of these, or a mirror
  gateways                      lists the gateways, their peers, rates and caches
  explain PEER                  tells why a peer may or may not download just now
  preheat INFO_HASH             brings a torrent into their memory before peers ask for it
  drain GATEWAY_ID              has a gateway let its peers go and end
  backup FILE                   writes everything durable but the content to a file
  restore-backup FILE           writes such a file to an empty fleet

  version                       prints the version

seedfleet COMMAND --help tells more.
`;

/** What a command tells with: `print` is for what was asked for. */
type Output = { readonly reporter: Reporter; readonly print: (text: string) => void };

type RunCommand = (args: readonly string[], output: Output) => Promise<void> | void;

const COMMANDS: ReadonlyMap<string, RunCommand> = new Map([
  ["up", command(UP_USAGE, parseUpOptions, (options, { reporter }) => up(options, reporter))],
  [
    "tracker",
    command(TRACKER_USAGE, parseTrackerOptions, (options, { reporter }) =>
      tracker(options, reporter),
    ),
  ],
  [
    "publish",
    command(PUBLISH_USAGE, parsePublishOptions, (options, { reporter }) =>
      publish(options, reporter),
    ),
  ],
  [
    "adopt",
    command(ADOPT_USAGE, parseAdoptOptions, (options, { reporter }) => adopt(options, reporter)),
  ],
  [
    "mirror",
    command(MIRROR_USAGE, parseMirrorOptions, (options, { reporter }) => mirror(options, reporter)),
  ],
  [
    "restore",
    command(RESTORE_USAGE, parseRestoreOptions, (options, { reporter }) =>
      restore(options, reporter),
    ),
  ],
  ["mirrors", command(MIRRORS_USAGE, parseMirrorsOptions, printing(mirrors))],
  ["check", command(CHECK_USAGE, parseCheckOptions, check)],
  ["choking", command(CHOKING_USAGE, parseChokingOptions, printing(choking))],
  ["inspect", command(INSPECT_USAGE, parseInspectOptions, printing(inspect))],
  ["backup", command(BACKUP_USAGE, parseBackupOptions, printing(backup))],
  [
    "restore-backup",
    command(RESTORE_BACKUP_USAGE, parseRestoreBackupOptions, printing(restoreBackup)),
  ],
  ["budget", command(BUDGET_USAGE, parseBudgetOptions, printing(budget))],
  ["limit", command(LIMIT_USAGE, parseLimitOptions, printing(limit))],
  ["ls", command(LS_USAGE, parseLsOptions, printing(ls))],
  ["jobs", command(JOBS_USAGE, parseJobsOptions, printing(jobs))],
  ["cancel", command(CANCEL_USAGE, parseCancelOptions, printing(cancel))],
  ["gateways", command(GATEWAYS_USAGE, parseGatewaysOptions, printing(gateways))],
  ["explain", command(EXPLAIN_USAGE, parseExplainOptions, printing(explain))],
  ["preheat", command(PREHEAT_USAGE, parsePreheatOptions, printing(preheat))],
  ["doctor", command(DOCTOR_USAGE, parseDoctorOptions, printing(doctor))],
  ["drain", command(DRAIN_USAGE, parseDrainOptions, printing(drain))],
]);

/** Runs one command and gives its exit code. Whatever is wrong is one line on standard error. */
export async function runCli(args: readonly string[]): Promise<number> {
  const output = terminalOutput(process);
  const reporter = args.includes("--json") ? jsonReporter(output) : humanReporter(output);
  try {
    await run(args, { reporter, print: output.out });
    return 0;
  } catch (error) {
    if (!(error instanceof SeedfleetError)) throw error;
    reporter.failed(error);
    return error.detail.code === "usage" ? EXIT_USAGE : EXIT_FAILED;
  }
}

async function run([name, ...args]: readonly string[], output: Output): Promise<void> {
  switch (name) {
    case "version":
    case "--version":
      return output.print(`seedfleet ${VERSION}\n`);
    case "help":
    case "--help":
    case "-h":
    case undefined:
      return output.print(USAGE);
    default: {
      const runCommand = COMMANDS.get(name);
      if (runCommand === undefined) {
        throw usageError(`There is no command "${name}"; see seedfleet --help`);
      }
      return runCommand(args, output);
    }
  }
}

/** A command that prints its usage when asked, and else runs with what its line says. */
function command<Options extends object>(
  usage: string,
  parse: (args: readonly string[]) => Options | "help",
  start: (options: Options, output: Output) => Promise<void>,
): RunCommand {
  return (args, output) => {
    const options = parse(args);
    return options === "help" ? output.print(usage) : start(options, output);
  };
}

/** For a command that only prints what was asked for. */
function printing<Options>(
  start: (options: Options, print: Output["print"]) => Promise<void>,
): (options: Options, output: Output) => Promise<void> {
  return (options, { print }) => start(options, print);
}
