import { equal } from "node:assert/strict";
import { join } from "node:path";
import { type InfoHash, parseInfoHash } from "@seedfleet/bytes";
import { DhtPeers, OutboundRule } from "@seedfleet/gateway/service";
import { systemClock, systemRng } from "@seedfleet/runtime";
import { silentTelemetry } from "@seedfleet/telemetry";
import { realPartTest } from "@seedfleet/testkit";
import { eventually } from "./eventually.ts";
import { RunningProgram } from "./running-program.ts";

const SCRIPT = join(import.meta.dirname, "libtorrent-dht.py");
const OUR_PORT = 6881;

realPartTest(
  ["python3-libtorrent"],
  "a gateway and libtorrent find each other in the DHT",
  async (_t, { "python3-libtorrent": python }) => {
    const theirs = givenHash("c0");
    const ours = givenHash("d1");
    await using libtorrent = RunningProgram.start([python, SCRIPT, theirs, ours]);
    const port = Number(
      await libtorrent.line((line) => /^listening (\d+)$/.exec(line)?.[1] ?? null),
    );
    await using dht = givenDht(port);

    dht.search(ours, OUR_PORT, { peers: () => {}, wantsPeers: () => true });
    equal(
      await libtorrent.line((line) => /^peer (\d+)$/.exec(line)?.[1] ?? null),
      String(OUR_PORT),
    );

    // It may not have announced itself yet when we look for the first time.
    const found = new Set<number>();
    let end = (): void => {};
    await eventually(async () => {
      end();
      const peers = (addresses: readonly { readonly port: number }[]): void => {
        for (const address of addresses) found.add(address.port);
      };
      end = dht.search(theirs, OUR_PORT, { peers, wantsPeers: () => true });
      return found.has(port);
    }, true);
  },
);

function givenDht(bootstrapPort: number): DhtPeers {
  const { log, meter } = silentTelemetry;
  const rule = new OutboundRule("auto", "127.0.0.1");
  const bootstrap = [`127.0.0.1:${bootstrapPort}`];
  const ports = { clock: systemClock, chance: systemRng, log, meter, rule };
  return new DhtPeers(ports, { host: "127.0.0.1", port: 0, bootstrap });
}

function givenHash(hex: string): InfoHash {
  const infoHash = parseInfoHash(hex.repeat(20));
  if (infoHash === null) throw new Error(`${hex} is no byte`);
  return infoHash;
}
