import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { infoHashFromBytes } from "@seedfleet/bytes";
import { SwarmSums } from "./swarm-sums.ts";

const [ONE, TWO] = [1, 2].map((byte) => infoHashFromBytes(new Uint8Array(20).fill(byte)));

test("SwarmSums.tell() adds up what gateways told last, until that is old", () => {
  const sums = new SwarmSums({ validForMs: 30_000 });
  const tell = (gateway: string, leechers: number, atMs: number) => {
    const swarms = [ONE, TWO].flatMap((infoHash) =>
      infoHash === undefined ? [] : [{ infoHash, leechers, seeders: 1 }],
    );
    return sums.tell(gateway, swarms, atMs);
  };
  deepEqual(tell("a", 3, 0), [
    [3, 1],
    [3, 1],
  ]);
  deepEqual(tell("b", 4, 10_000)[0], [7, 2]);
  deepEqual(tell("b", 0, 20_000)[0], [3, 2]);
  deepEqual(tell("b", 5, 30_000)[0], [5, 1]);
  deepEqual(sums.tell("b", [], 31_000), []);
  deepEqual(tell("a", 1, 32_000)[1], [1, 1]);
});
