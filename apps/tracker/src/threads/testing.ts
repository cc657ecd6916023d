import { MessageChannel, type MessagePort } from "node:worker_threads";
import { systemClock } from "@seedfleet/runtime";
import type { HandedOver } from "../announces/elsewhere.ts";
import { type Gate, OpenGate } from "../announces/gate.ts";
import { type GivenCore, type GivenCoreOptions, givenCore } from "../announces/testing.ts";
import type { ThreadWay } from "./sibling.ts";
import { Siblings } from "./siblings.ts";
import type { SwarmShares } from "./swarm-owners.ts";
import { ringMemory } from "./thread-ring.ts";

/** Parts of a tracker as if each were in a thread of its own. */
export type GivenThreads = Disposable & {
  readonly shares: SwarmShares;
  readonly cores: readonly GivenCore[];
  readonly siblings: readonly Siblings[];
};

/** An info hash whose swarm belongs to a thread, the `nth` of many. */
export function givenInfoHash(nth: number): Uint8Array {
  const infoHash = new Uint8Array(20).fill(nth);
  new DataView(infoHash.buffer).setUint32(0, Math.imul(nth, 0x9e37_79b9) >>> 0);
  return infoHash;
}

/** Two threads, with ways between them. */
export function givenThreads(
  options: GivenCoreOptions & {
    readonly gates?: readonly Gate[];
    /** What the second takes over. */
    readonly takeOver?: (handedOver: HandedOver) => void;
  } = {},
): GivenThreads {
  const shares = { threads: 2, key: 0x2545_f491 };
  const { port1, port2 } = new MessageChannel();
  const [there, back] = [ringMemory(), ringMemory()];
  const ways: readonly (ThreadWay<MessagePort> | null)[][] = [
    [null, { port: port1, out: there, back }],
    [{ port: port2, out: back, back: there }, null],
  ];
  const gates = options.gates ?? [new OpenGate(), new OpenGate()];
  const cores = gates.map((gate) => givenCore({ ...options, gate }));
  const siblings = cores.map(({ announces, swarms }, thread) => {
    const gate = gates[thread] ?? new OpenGate();
    const takeOver = thread === 0 ? null : (options.takeOver ?? null);
    const ports = {
      ways: ways[thread] ?? [],
      announces,
      swarms,
      gate,
      clock: systemClock,
      takeOver,
    };
    return new Siblings(ports, { thread, shares });
  });
  return { shares, cores, siblings, [Symbol.dispose]: () => port1.close() };
}
