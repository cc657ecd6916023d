// What the image starts: `COMMAND [ARGUMENT…]`, a command being an app's folder. The app runs in
// this very process, the first of its container, so that SIGTERM comes to who drains.
import { join } from "node:path";
import { IMAGE_COMMANDS, imageDefaults, isImageCommand } from "./image-defaults.ts";

/** As a shell reports a process that the signal ended. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

const [node = "", , command = "", ...args] = process.argv;
for (const [signal, exitCode] of Object.entries(EXIT_CODES)) {
  // The kernel spares the first process of a container a signal that it does not handle. Once the
  // app handles it, there are two listeners, and the app's is the one that counts.
  process.on(signal, () => {
    if (process.listenerCount(signal) === 1) process.exit(exitCode);
  });
}
if (isImageCommand(command)) {
  const main = join(import.meta.dirname, "../../../apps", command, "src/main.ts");
  Object.assign(process.env, imageDefaults(command, process.env));
  process.argv = [node, main, ...args];
  await import(main);
} else {
  const known = IMAGE_COMMANDS.join(", ");
  process.stderr.write(`seedfleet: Cannot start "${command}": the image has ${known}\n`);
  process.exitCode = 2;
}
