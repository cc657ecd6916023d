import { deepEqual } from "node:assert/strict";
import { get } from "node:http";
import { buffer } from "node:stream/consumers";
import { realPartTest } from "@seedfleet/testkit";
import { startHaproxy, startNginx, type TrackerProxy } from "./proxies.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { loopbackHost as host } from "./test-host.ts";
import { startTracker } from "./tracker-process.ts";

/** Two clients of which the loopback gives each an address of its own, on Linux. */
const FIRST = { address: "127.0.0.2", port: 1_111, id: "1" };
const SECOND = { address: "127.0.0.3", port: 2_222, id: "2" };

const INFO_HASH = "%ab".repeat(20);

for (const workers of [1, 2]) {
  const seen = `peers of a tracker of ${workers} have the address they came to it from`;
  realPartTest(["nginx", "ip"], `behind nginx, ${seen}`, () =>
    sees(startNginx, { workers, setting: "SEEDFLEET_TRACKER_FORWARDING_PROXIES" }),
  );
  realPartTest(["haproxy", "ip"], `behind haproxy, ${seen}`, () =>
    sees(startHaproxy, { workers, setting: "SEEDFLEET_TRACKER_PROXY_PROTOCOL_PROXIES" }),
  );
}

type StartProxy = (directory: string, trackerPort: number) => Promise<TrackerProxy>;

type Behind = { readonly workers: number; readonly setting: string };

async function sees(start: StartProxy, { workers, setting }: Behind): Promise<void> {
  await using work = await temporaryDirectory();
  const env = { [setting]: "127.0.0.1" };
  const tracker = await startTracker({ host, mode: "open", workers, dataDir: work.path, env });
  await using _tracker = tracker.program;
  const { port, program } = await start(work.path, Number(new URL(tracker.ready.httpUrl).port));
  await using _proxy = program;
  deepEqual(await announce(port, FIRST), { told: FIRST.address, peers: [] });
  const first = `${FIRST.address}:${FIRST.port}`;
  deepEqual(await announce(port, SECOND), { told: SECOND.address, peers: [first] });
}

type Client = typeof FIRST;

/** What the tracker says of the client's own address (BEP 24), and of other peers. */
async function announce(
  proxyPort: number,
  { address, port, id }: Client,
): Promise<{ readonly told: string; readonly peers: readonly string[] }> {
  const query = `info_hash=${INFO_HASH}&peer_id=${id.repeat(20)}&port=${port}&left=1&compact=1`;
  const url = `http://127.0.0.1:${proxyPort}/announce?uploaded=0&downloaded=0&${query}`;
  const answer = await new Promise<Buffer>((resolve, reject) => {
    get(url, { localAddress: address, agent: false }, (response) => {
      buffer(response).then(resolve, reject);
    }).once("error", reject);
  });
  const [own = Buffer.alloc(0)] = stringsAfter(answer, "11:external ip");
  const [peers = Buffer.alloc(0)] = stringsAfter(answer, "5:peers");
  const found: string[] = [];
  for (let at = 0; at < peers.length; at += 6) {
    found.push(`${peers.subarray(at, at + 4).join(".")}:${peers.readUInt16BE(at + 4)}`);
  }
  return { told: own.join("."), peers: found };
}

/** The byte string behind a key of a bencoded dictionary. */
function stringsAfter(bencoded: Buffer, key: string): Buffer[] {
  const text = bencoded.toString("latin1");
  const at = text.indexOf(key);
  const [head = "", length = "0"] = /^(\d+):/.exec(text.slice(at + key.length)) ?? [];
  const from = at + key.length + head.length;
  return at < 0 ? [] : [bencoded.subarray(from, from + Number(length))];
}
