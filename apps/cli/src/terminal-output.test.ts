import { deepEqual, equal, throws } from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { terminalOutput } from "./terminal-output.ts";

/** Both streams as one page, in the order they were written to. */
class GivenPage {
  readonly written: string[] = [];
  readonly stdout = this.#stream("out");
  readonly stderr: ReturnType<GivenPage["stdout"]["on"]>;

  constructor(isTTY: boolean) {
    this.stderr = Object.assign(this.#stream("err"), { isTTY });
  }

  #stream(name: string) {
    const write = (text: string): boolean => {
      this.written.push(`${name} ${text}`);
      return true;
    };
    return Object.assign(new EventEmitter(), { write }) as unknown as NodeJS.WriteStream;
  }
}

test("terminalOutput() given a terminal takes a drawn line away before it prints", () => {
  const page = new GivenPage(true);
  const { out, err, redraws } = terminalOutput(page);
  equal(redraws, true);
  err("Hashing a");
  out("done\n");
  out("more\n");
  err("a whole line\n");
  out("last\n");
  deepEqual(page.written, [
    ...["err Hashing a", "err \r\x1b[K", "out done\n", "out more\n"],
    ...["err a whole line\n", "out last\n"],
  ]);
});

test("terminalOutput() given a file writes what it is told and no more", () => {
  const page = new GivenPage(false);
  const { out, err, redraws } = terminalOutput(page);
  err("half a line");
  out("done\n");
  deepEqual([redraws, page.written], [false, ["err half a line", "out done\n"]]);
});

test("terminalOutput() minds a full disk, but not a reader that has read enough", () => {
  const page = new GivenPage(false);
  terminalOutput(page);
  const fails = (code: string): boolean =>
    page.stdout.emit("error", Object.assign(new Error(code), { code }));
  equal(fails("EPIPE"), true);
  throws(() => fails("ENOSPC"), { code: "ENOSPC" });
});
