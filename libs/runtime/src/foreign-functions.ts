/** The layouts and numbers of the C library that we know are those of Linux with 64 bits. */
const KNOWN_MACHINES = ["x64", "arm64"];

/**
 * `node:ffi`, for the few functions of the C library that Node.js has no counterpart for; null
 * where it cannot be had: another system, a Node.js without it or with it turned off.
 *
 * Node.js warns on standard error that the module is experimental, at each start. Whoever runs a
 * service can do nothing about it: where it does not work, each of its users has another way.
 */
export function foreignFunctions(): typeof import("node:ffi") | null {
  if (process.platform !== "linux" || !KNOWN_MACHINES.includes(process.arch)) return null;
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return process.getBuiltinModule("node:ffi") ?? null;
  } catch {
    return null;
  } finally {
    process.emitWarning = emitWarning;
  }
}
