import { UDP_ANNOUNCE, UDP_SCRAPE } from "@seedfleet/announce";
import type { LibcSockets } from "../sockets/libc-sockets.ts";
import { OWNER_BITS_AT, OWNER_SHIFT, type SwarmShares } from "../threads/swarm-owners.ts";

const SOL_SOCKET = 1;
const SO_ATTACH_REUSEPORT_CBPF = 51;

const INSTRUCTION_BYTES = 8;

/** Opcodes of the kernel's classic packet filter (`linux/bpf_common.h`). */
const LOAD_WORD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const MULTIPLY = 0x24;
const SHIFT_RIGHT = 0x74;
const MODULO = 0x94;
const RETURN = 0x06;
const RETURN_RESULT = 0x16;

/** No socket has this number, so the kernel takes one by the addresses, as without a program. */
const ANY_SOCKET = 0xffff_ffff;

/** Where BEP 15 has the action, and the first info hash of an announce or a scrape. */
const ACTION_AT = 8;
const INFO_HASH_AT = 16;

/**
 * A program for `SO_ATTACH_REUSEPORT_CBPF`: of sockets that share a port, and were bound in the
 * order of their threads, it names the one whose thread has the swarm that a datagram is about.
 * What it cannot read, it gives to the first.
 */
export function steeringProgram({ threads, key }: SwarmShares): Uint8Array {
  const [toOwner, toAny] = [1, 5];
  const instructions = [
    [LOAD_WORD, 0, 0, ACTION_AT],
    [JUMP_IF_EQUAL, toOwner, 0, UDP_ANNOUNCE],
    [JUMP_IF_EQUAL, 0, toAny, UDP_SCRAPE],
    [LOAD_WORD, 0, 0, INFO_HASH_AT + OWNER_BITS_AT],
    [MULTIPLY, 0, 0, key],
    [SHIFT_RIGHT, 0, 0, OWNER_SHIFT],
    [MODULO, 0, 0, threads],
    [RETURN_RESULT, 0, 0, 0],
    [RETURN, 0, 0, ANY_SOCKET],
  ] as const;
  const program = new Uint8Array(new ArrayBuffer(instructions.length * INSTRUCTION_BYTES));
  const view = new DataView(program.buffer);
  for (const [at, [code, ifTrue, ifFalse, operand]] of instructions.entries()) {
    const from = at * INSTRUCTION_BYTES;
    view.setUint16(from, code, true);
    view.setUint8(from + 2, ifTrue);
    view.setUint8(from + 3, ifFalse);
    view.setUint32(from + 4, operand, true);
  }
  return program;
}

/** Has the kernel run a program for the sockets that share this one's port; false if it cannot. */
export function steerDatagrams(
  libc: Pick<LibcSockets, "setOption" | "pointerTo">,
  descriptor: number,
  program: Uint8Array,
): boolean {
  // `struct sock_fprog`: how many instructions, and where.
  const named = new Uint8Array(16);
  const view = new DataView(named.buffer);
  view.setUint16(0, program.length / INSTRUCTION_BYTES, true);
  view.setBigUint64(8, libc.pointerTo(program), true);
  const at = { descriptor, level: SOL_SOCKET, option: SO_ATTACH_REUSEPORT_CBPF };
  return libc.setOption(at, named, named.length) === 0;
}
