import { foreignFunctions } from "@seedfleet/runtime";

/** What the kernel knows of a TCP socket, by its descriptor (Linux, `tcp(7)`). */
export type TcpOptions = {
  /** By whose rules it sends, as `bbr`; null if that cannot be told. */
  congestionControl(descriptor: number): string | null;
  /** False where the name is unknown, or not everybody's to choose. */
  setCongestionControl(descriptor: number, name: string): boolean;
  /** The shortest round trip so far, first the handshake's, in ms; null if there is none. */
  roundTripMs(descriptor: number): number | null;
};

const IPPROTO_TCP = 6;
const TCP_INFO = 11;
const TCP_CONGESTION = 13;

const NAME_BYTES = 16;

/** `tcpi_min_rtt` in `struct tcp_info`: µs in 32 bits, all ones before there is one (Linux 4.6). */
const MIN_RTT_AT = 148;
const INFO_BYTES = MIN_RTT_AT + 4;
const NO_RTT = 0xffff_ffff;

/** Null where the C library cannot be called. */
export function loadTcpOptions(): TcpOptions | null {
  const ffi = foreignFunctions();
  if (ffi === null) return null;
  try {
    const socketOption = ["int32", "int32", "int32", "pointer"] as const;
    const { functions } = ffi.dlopen(null, {
      getsockopt: { arguments: [...socketOption, "pointer"], return: "int32" },
      setsockopt: { arguments: [...socketOption, "uint32"], return: "int32" },
    });
    const read = (descriptor: number, option: number, bytes: number): Buffer | null => {
      const value = Buffer.alloc(bytes);
      const length = new Uint32Array([bytes]);
      const failed = functions.getsockopt(descriptor, IPPROTO_TCP, option, value, length);
      return failed === 0 ? value.subarray(0, length[0]) : null;
    };
    return {
      congestionControl(descriptor) {
        const name = read(descriptor, TCP_CONGESTION, NAME_BYTES)?.toString("latin1");
        return name?.split("\0", 1)[0] ?? null;
      },
      setCongestionControl(descriptor, name) {
        const value = Buffer.from(name, "latin1");
        const at = [descriptor, IPPROTO_TCP, TCP_CONGESTION] as const;
        return functions.setsockopt(...at, value, value.length) === 0;
      },
      roundTripMs(descriptor) {
        const info = read(descriptor, TCP_INFO, INFO_BYTES);
        const us = info?.length === INFO_BYTES ? info.readUInt32LE(MIN_RTT_AT) : NO_RTT;
        return us === NO_RTT ? null : us / 1_000;
      },
    };
  } catch {
    return null;
  }
}
