import { createHash, type Hash } from "node:crypto";
import { SeedfleetError } from "@seedfleet/runtime";
import { isBackedUp } from "./backup-buckets.ts";

const FORMAT = "seedfleet-backup";
const VERSION = 1;

/** One value of one bucket. */
export type BackupRecord = {
  readonly kind: "key-value" | "object";
  readonly bucket: string;
  readonly key: string;
  readonly value: Uint8Array;
};

export type BackupInvalid = { readonly code: "backup-invalid"; readonly line: number };

/** A backup's lines, as they are written: a head, a record each, and an end with a checksum. */
export class BackupWriter {
  readonly #hash: Hash = createHash("sha256");
  #records = 0;

  get records(): number {
    return this.#records;
  }

  head(nowMs: number): string {
    return this.#line({ format: FORMAT, version: VERSION, createdAtMs: nowMs });
  }

  record({ kind, bucket, key, value }: BackupRecord): string {
    this.#records += 1;
    return this.#line({ kind, bucket, key, value: Buffer.from(value).toString("base64") });
  }

  end(): string {
    const sha256 = this.#hash.copy().digest("hex");
    return `${JSON.stringify({ end: true, records: this.#records, sha256 })}\n`;
  }

  #line(fields: object): string {
    const line = `${JSON.stringify(fields)}\n`;
    this.#hash.update(line);
    return line;
  }
}

/**
 * Reads the same lines, without their ends. Each throws `backup-invalid` for what no backup of this
 * version has; only after `close()` is it known that nothing is missing or changed.
 */
export class BackupReader {
  readonly #hash: Hash = createHash("sha256");
  #lines = 0;
  #records = 0;
  #ended = false;

  get records(): number {
    return this.#records;
  }

  /** Null for the head and the end. */
  read(line: string): BackupRecord | null {
    this.#lines += 1;
    if (this.#ended) throw this.#invalid("there is more after its end");
    const fields = this.#parse(line);
    if (fields["end"] === true) return this.#end(fields);
    this.#hash.update(line).update("\n");
    if (this.#lines === 1) return this.#head(fields);
    const record = recordOf(fields);
    if (record === null) throw this.#invalid("that is no record");
    this.#records += 1;
    return record;
  }

  close(): void {
    if (!this.#ended) throw this.#invalid("its end is missing");
  }

  #head({ format, version }: Fields): null {
    if (format !== FORMAT) throw this.#invalid("it is no backup of seedfleet");
    if (version !== VERSION) throw this.#invalid(`this program reads version ${VERSION} only`);
    return null;
  }

  #end({ records, sha256 }: Fields): null {
    if (records !== this.#records) throw this.#invalid("records are missing");
    if (sha256 !== this.#hash.digest("hex")) throw this.#invalid("its checksum does not fit");
    this.#ended = true;
    return null;
  }

  #parse(line: string): Fields {
    try {
      const fields: unknown = JSON.parse(line);
      if (typeof fields === "object" && fields !== null) return fields as Fields;
    } catch {}
    throw this.#invalid("that is no JSON object");
  }

  #invalid(why: string): SeedfleetError<BackupInvalid> {
    const line = this.#lines;
    return new SeedfleetError(`Cannot use the backup: line ${line}: ${why}; take another`, {
      ...{ code: "backup-invalid", line },
    });
  }
}

type Fields = Readonly<Record<string, unknown>>;

function recordOf({ kind, bucket, key, value }: Fields): BackupRecord | null {
  if (kind !== "key-value" && kind !== "object") return null;
  if (typeof bucket !== "string" || typeof key !== "string") return null;
  if (typeof value !== "string" || !isBackedUp(kind, bucket) || !KEY.test(key)) return null;
  return { kind, bucket, key, value: Buffer.from(value, "base64") };
}

/** As the bus has keys. */
const KEY = /^(?=.{1,256}$)[-/_=a-zA-Z0-9]+(?:\.[-/_=a-zA-Z0-9]+)*$/;
