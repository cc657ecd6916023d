import { type OnReadOpts, Socket, type SocketConstructorOpts } from "node:net";

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

/** What Node keeps of a socket, and does not document. */
type Insides = { _handle?: object | null; _server?: unknown };

/**
 * A connection that a server accepted, paused and never read from, whose reads share memory from
 * now on. Node has `onread` only where a socket is made, and a server makes its own; so another
 * socket takes over what the kernel's end is kept by. Where that is not to be found it stays as is.
 */
export function shareReads(accepted: Socket): Socket {
  const before: Insides = accepted as object;
  const { _handle: handle = null, _server: server } = before;
  if (handle === null) return accepted;
  before._handle = null;
  before._server = null;
  const options = { handle, pauseOnCreate: true, onread: sharedReads(() => socket) };
  const socket: Socket = new Socket(options as SocketConstructorOpts);
  // It counts its connections.
  Object.assign(socket, { _server: server });
  markShared(socket);
  return socket;
}
