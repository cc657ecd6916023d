import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A directory of its own for one test, with these files in it; gone when disposed. */
export class GivenDirectory implements Disposable {
  readonly path: string;

  constructor(files: Readonly<Record<string, string | Uint8Array>> = {}) {
    this.path = realpathSync(mkdtempSync(join(tmpdir(), "seedfleet-content-")));
    for (const [path, bytes] of Object.entries(files)) this.write(path, bytes);
  }

  at(path: string): string {
    return join(this.path, path);
  }

  /** The directories on the way are made. */
  write(path: string, bytes: string | Uint8Array): void {
    mkdirSync(dirname(this.at(path)), { recursive: true });
    writeFileSync(this.at(path), bytes);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
