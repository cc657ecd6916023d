import { deepEqual, equal, throws } from "node:assert/strict";
import { test } from "node:test";
import * as contracts from "@seedfleet/contracts";
import { errorCode, errorMessage } from "@seedfleet/runtime";
import { isBackedUp, LEFT_OUT } from "./backup-buckets.ts";
import { BackupReader, type BackupRecord, BackupWriter } from "./backup-format.ts";

const RECORDS: readonly BackupRecord[] = [
  { kind: "object", bucket: "seedfleet-metainfo", key: "ab", value: Buffer.from([0, 255, 10]) },
  { kind: "key-value", bucket: "seedfleet-catalog", key: "ab", value: Buffer.from('{"a":"\n"}') },
  { kind: "key-value", bucket: "seedfleet-budgets", key: "label.x", value: Buffer.alloc(0) },
];

const LINES = written(RECORDS);

test("a backup is read as it was written", () => {
  deepEqual(readAll(LINES), RECORDS);
  deepEqual(readAll(written([])), []);
});

test("a backup that lacks its last lines is refused", () => {
  for (let count = 0; count < LINES.length; count += 1) refused(LINES.slice(0, count));
});

test("a backup that lacks, repeats or swaps a line is refused", () => {
  for (let at = 0; at < LINES.length; at += 1) {
    refused(LINES.toSpliced(at, 1));
    refused(LINES.toSpliced(at, 0, LINES[at] ?? ""));
  }
  refused(LINES.toSpliced(1, 2, LINES[2] ?? "", LINES[1] ?? ""));
});

test("a backup with any character changed is refused", () => {
  const text = LINES.join("\n");
  for (let at = 0; at < text.length; at += 1) {
    const other = text[at] === "0" ? "1" : "0";
    refused(`${text.slice(0, at)}${other}${text.slice(at + 1)}`.split("\n"));
  }
});

test("a backup of a later version says so", () => {
  const later = LINES.map((line) => line.replace('"version":1', '"version":2'));
  throws(() => readAll(later), /reads version 1 only/);
});

test("a backup for another's bucket is refused", () => {
  for (const bucket of ["seedfleet-ingest-jobs", "mine", "seedfleet-metainfo"]) {
    refused(written([{ kind: "key-value", bucket, key: "ab", value: Buffer.alloc(0) }]));
  }
});

test("every durable bucket is backed up, or left out for a reason", () => {
  for (const [name, bucket] of Object.entries(contracts)) {
    if (typeof bucket !== "string" || !/_(?:BUCKET|QUEUE)$/.test(name)) continue;
    const isIn = isBackedUp("key-value", bucket) || isBackedUp("object", bucket);
    equal(isIn !== LEFT_OUT.includes(bucket), true, `backup-buckets.ts: add ${name}`);
  }
});

function written(records: readonly BackupRecord[]): readonly string[] {
  const writer = new BackupWriter();
  const lines = [writer.head(1), ...records.map((record) => writer.record(record)), writer.end()];
  return lines.map((line) => line.trimEnd());
}

function readAll(lines: readonly string[]): readonly BackupRecord[] {
  const reader = new BackupReader();
  const records = lines.map((line) => reader.read(line)).filter((record) => record !== null);
  reader.close();
  return records;
}

function refused(lines: readonly string[]): void {
  throws(
    () => readAll(lines),
    (error) => errorCode(error) === "backup-invalid",
    errorMessage(lines),
  );
}
