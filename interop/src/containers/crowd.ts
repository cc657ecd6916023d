import { join } from "node:path";
import type { RunningProgram } from "../running-program.ts";
import { startScript } from "./script-container.ts";

/** What one container of the crowd is told. */
export type MemberSpec = {
  readonly host: string;
  readonly port: number;
  readonly infoHash: string;
  readonly pieceLengthBytes: number;
  /** Without the last, which may be shorter. */
  readonly pieceCount: number;
  readonly leechers: number;
  /** Of its first leecher; those of others follow. */
  readonly serial: number;
};

export type CrowdOptions = Omit<MemberSpec, "serial"> & {
  readonly network: string;
  /** How many containers it is spread over, each of which has an address. */
  readonly members: number;
};

const SCRIPT = join(import.meta.dirname, "crowd-member.ts");

/**
 * What they do not read waits with the gateway: else it would fill all the memory that the kernel
 * of one machine has for TCP, and then it drops what it is sent.
 */
const SMALL_WINDOWS = ["--sysctl", "net.ipv4.tcp_rmem=4096 16384 65536"];

/** Leechers without number, in containers of the image, that all come to one gateway. */
export class Crowd implements AsyncDisposable {
  readonly #members: readonly RunningProgram[];

  private constructor(members: readonly RunningProgram[]) {
    this.#members = members;
  }

  /** Resolves once every leecher of it may download. */
  static async join({ network, members, leechers, ...spec }: CrowdOptions): Promise<Crowd> {
    const each = leechers / members;
    const crowd = new Crowd(
      Array.from({ length: members }, (_, index) =>
        startScript(SCRIPT, {
          network,
          options: SMALL_WINDOWS,
          args: [JSON.stringify({ ...spec, leechers: each, serial: index * each })],
        }),
      ),
    );
    try {
      await Promise.all(crowd.#members.map((member) => member.line(joined)));
      // Not before: those who are in would keep the gateway busy while others come.
      for (const member of crowd.#members) member.tell("begin");
      return crowd;
    } catch (error) {
      await crowd[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Resolves with who it is once a connection ends before its leecher leaves. */
  async lost(): Promise<string> {
    const lostLine = (line: string): string | null => (line.startsWith("lost ") ? line : null);
    return await Promise.race(this.#members.map((member) => member.line(lostLine)));
  }

  /** Has them leave; gives what they got, and whose connections ended before. */
  async leave(): Promise<{ readonly receivedBytes: number; readonly lost: readonly string[] }> {
    const received = await Promise.all(
      this.#members.map(async (member) => {
        await member.stop("SIGTERM");
        await member.succeeded();
        return Number(/^received (\d+)$/.exec(member.lines.at(-1) ?? "")?.[1]);
      }),
    );
    return {
      receivedBytes: received.reduce((sum, bytes) => sum + bytes, 0),
      lost: this.#members.flatMap(({ lines }) => lines.filter((line) => line.startsWith("lost "))),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#members.map((member) => member.stop("SIGINT")));
  }
}

function joined(line: string): true | null {
  if (line.startsWith("lost ")) throw new Error(line);
  return line === "joined" ? true : null;
}
