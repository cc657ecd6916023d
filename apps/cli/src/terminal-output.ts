import { errorCode } from "@seedfleet/runtime";

/** What is written to, and whether that is a terminal. */
type Stream = Pick<NodeJS.WriteStream, "write" | "on"> & { readonly isTTY?: boolean };

export type TerminalOutput = {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** A terminal can redraw its line; a file cannot. */
  readonly redraws: boolean;
};

/**
 * Standard output and standard error, which on a terminal are one page: a line of progress that is
 * still drawn goes away before anything is printed. Whoever reads no further has read enough.
 */
export function terminalOutput({
  stdout,
  stderr,
}: {
  readonly stdout: Stream;
  readonly stderr: Stream;
}): TerminalOutput {
  const redraws = stderr.isTTY === true;
  let drawn = false;
  stdout.on("error", (error: Error) => {
    if (errorCode(error) !== "EPIPE") throw error;
  });
  return {
    out(text) {
      if (drawn) stderr.write("\r\x1b[K");
      drawn = false;
      stdout.write(text);
    },
    err(text) {
      drawn = redraws && !text.endsWith("\n");
      stderr.write(text);
    },
    redraws,
  };
}
