import { foreignFunctions } from "@seedfleet/runtime";

/**
 * The few functions of the C library that `node:dgram` and `node:net` have no counterpart for, by
 * way of `node:ffi`. All return −1 for a failure. Pointers are numbers: nothing checks them, so
 * whoever calls keeps the memory behind them.
 *
 * A call of up to three arguments costs half of what one of four does, of which Node.js makes an
 * array. So what is called for each connection is `accept` and not `accept4`, `recvmsg` and not
 * `recv`, `sendmsg` and not `send`.
 */
export type LibcSockets = {
  socket(family: number, type: number, protocol: number): number;
  bind(descriptor: number, address: Uint8Array, addressBytes: number): number;
  setOption(at: SocketOption, value: Uint8Array, valueBytes: number): number;
  listen(descriptor: number, backlog: number): number;
  /** Another descriptor of the same socket. */
  dup(descriptor: number): number;
  close(descriptor: number): number;
  /** A descriptor; where its address goes, and how much room is there and was needed. */
  accept(descriptor: number, name: bigint, nameBytes: bigint): number;
  /** Programs that are started later do not have the descriptor; `accept` cannot say so. */
  closeOnExec(descriptor: number): number;
  /** A header at a pointer, flags; how many bytes, which fit 32 bits. */
  recvmsg(descriptor: number, header: bigint, flags: number): number;
  sendmsg(descriptor: number, header: bigint, flags: number): number;
  /** Headers at a pointer, how many, flags, and a pointer to a timeout or 0. */
  recvmmsg(descriptor: number, headers: bigint, ...more: [number, number, bigint]): number;
  sendmmsg(descriptor: number, headers: bigint, ...more: [number, number]): number;
  /** `struct pollfd` at a pointer, how many, and how long to wait in ms; how many are ready. */
  poll(descriptors: bigint, count: bigint, timeoutMs: number): number;
  pointerTo(memory: ArrayBuffer | NodeJS.ArrayBufferView): bigint;
};

export type SocketOption = {
  readonly descriptor: number;
  readonly level: number;
  readonly option: number;
};

/** A request of `ioctl`. */
const FIOCLEX = 0x5451n;

/** Null where it cannot be had: another system, a Node.js without FFI or with it turned off. */
export function loadLibcSockets(): LibcSockets | null {
  const ffi = foreignFunctions();
  if (ffi === null) return null;
  try {
    const { dlopen, getRawPointer } = ffi;
    const { functions } = dlopen(null, {
      socket: { arguments: ["int32", "int32", "int32"], return: "int32" },
      bind: { arguments: ["int32", "pointer", "uint32"], return: "int32" },
      setsockopt: {
        arguments: ["int32", "int32", "int32", "pointer", "uint32"],
        return: "int32",
      },
      listen: { arguments: ["int32", "int32"], return: "int32" },
      dup: { arguments: ["int32"], return: "int32" },
      close: { arguments: ["int32"], return: "int32" },
      accept: { arguments: ["int32", "pointer", "pointer"], return: "int32" },
      ioctl: { arguments: ["int32", "uint64"], return: "int32" },
      // They return 64 bits, of which the lower half tells all: buffers are that small.
      recvmsg: { arguments: ["int32", "pointer", "int32"], return: "int32" },
      sendmsg: { arguments: ["int32", "pointer", "int32"], return: "int32" },
      recvmmsg: {
        arguments: ["int32", "pointer", "uint32", "int32", "pointer"],
        return: "int32",
      },
      sendmmsg: { arguments: ["int32", "pointer", "uint32", "int32"], return: "int32" },
      poll: { arguments: ["pointer", "uint64", "int32"], return: "int32" },
    });
    return {
      ...functions,
      setOption: ({ descriptor, level, option }, value, valueBytes) =>
        functions.setsockopt(descriptor, level, option, value, valueBytes),
      closeOnExec: (descriptor) => functions.ioctl(descriptor, FIOCLEX),
      pointerTo: getRawPointer,
    };
  } catch {
    return null;
  }
}
