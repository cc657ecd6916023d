import type { OnReadOpts, Socket } from "node:net";

/**
 * One read may bring so much. Fresh memory for each read, of which most are far shorter than what
 * was there for them, would have the engine look for garbage all the time.
 */
const READ_BYTES_MAX = 256 * 1024;

/** A read ends before the next one of any socket begins, so all of a thread share it. */
let memory: Buffer | null = null;

const sharing = new WeakSet<Socket>();

/**
 * How a connection is opened whose reads share memory: `data` tells of each read, whose bytes are
 * there until all listeners have returned. `socket` gives the one that is opened by it.
 */
export function sharedReads(socket: () => Socket): OnReadOpts {
  return {
    buffer: () => {
      memory ??= Buffer.allocUnsafeSlow(READ_BYTES_MAX);
      return memory;
    },
    callback(readBytes, buffer) {
      socket().emit("data", buffer.subarray(0, readBytes));
      // Whoever wants no more has paused the socket.
      return true;
    },
  };
}

/** From now on it is known that the socket was opened by `sharedReads()`. */
export function markShared(socket: Socket): void {
  sharing.add(socket);
}

/** Whether what the socket reads must be looked at at once, or copied. */
export function sharesReads(socket: Socket): boolean {
  return sharing.has(socket);
}
