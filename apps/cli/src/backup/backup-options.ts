import { resolve } from "node:path";
import { BUS_USAGE, natsUrl } from "../bus-option.ts";
import { parseCommandLine } from "../command-line.ts";
import { usageError } from "../usage-error.ts";

export type BackupOptions = {
  readonly file: string;
  readonly force: boolean;
  readonly natsUrl: string | null;
  readonly json: boolean;
};

export const BACKUP_USAGE: string = `Usage: seedfleet backup FILE [options]

Writes everything durable of a running fleet to a file: the catalog with its metainfo, what was
hashed, budgets, a private tracker's users and totals. The content itself is not in it, nor are jobs
that are under way. The file is written whole or not at all.

  --force                  writes over a file that is there
${BUS_USAGE}
  --json                   one JSON object a line on standard output
  --help                   this text
`;

export const RESTORE_BACKUP_USAGE: string = `Usage: seedfleet restore-backup FILE [options]

Writes what seedfleet backup took to a fleet's bus. The whole file is checked before anything is
written; a restore that was interrupted can be run again with --force. Start the services
afterwards, or before: they see each torrent when it is there.

  --force                  restores to a fleet that has something already: what the backup has is
                           written over it, and everything else stays
${BUS_USAGE}
  --json                   one JSON object a line on standard output
  --help                   this text
`;

/** Reads the command line of `backup`. Throws `usage` with one line that says what to do. */
export function parseBackupOptions(args: readonly string[]): BackupOptions | "help" {
  return parse("backup", args);
}

/** The same for `restore`. */
export function parseRestoreBackupOptions(args: readonly string[]): BackupOptions | "help" {
  return parse("restore-backup", args);
}

function parse(command: string, args: readonly string[]): BackupOptions | "help" {
  const { values, positionals } = parseCommandLine(command, args, {
    force: { type: "boolean", default: false },
    bus: { type: "string" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return "help";
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) {
    throw usageError(`Say which file; see seedfleet ${command} --help`);
  }
  const { force, json } = values;
  return { file: resolve(file), force, natsUrl: natsUrl(values.bus), json };
}
