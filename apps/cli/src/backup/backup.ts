import { connectFleet } from "../fleet-connection.ts";
import { formatCount } from "../format.ts";
import { recordsOf } from "./back-up.ts";
import { checkBackup, readBackup, writeBackup } from "./backup-file.ts";
import type { BackupOptions } from "./backup-options.ts";
import { assertFleetEmpty, restoreRecords } from "./restore-records.ts";

type Print = (text: string) => void;

/** `seedfleet backup`: writes everything durable of a fleet to a file. */
export async function backup(options: BackupOptions, print: Print): Promise<void> {
  await using fleet = await connectFleet("backup", options.natsUrl);
  const { file, force, json } = options;
  const records = await writeBackup(recordsOf(fleet.bus), {
    file,
    force,
    nowMs: fleet.clock.nowMs(),
  });
  if (json) print(`${JSON.stringify({ event: "backup", file, records })}\n`);
  else print(`${formatCount(records, "record")} written to ${file}\n`);
}

/** `seedfleet restore-backup`: writes such a file to a fleet. */
export async function restoreBackup(options: BackupOptions, print: Print): Promise<void> {
  const { file, force, json } = options;
  await checkBackup(file);
  await using fleet = await connectFleet("restore-backup", options.natsUrl);
  if (!force) await assertFleetEmpty(fleet.bus);
  for (const [bucket, records] of await restoreRecords(fleet.bus, readBackup(file))) {
    if (json) print(`${JSON.stringify({ event: "restored", bucket, records })}\n`);
    else print(`${bucket}: ${formatCount(records, "record")}\n`);
  }
}
