import { equal, ok } from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { systemClock } from "@seedfleet/runtime";
import { Gathered } from "@seedfleet/testkit";
import { loadLibcSockets } from "../sockets/libc-sockets.ts";
import { announcePacket, connectPacket, scrapePacket } from "../udp/testing.ts";
import { LATER, SILENCE, UdpCounts } from "../udp/udp-counts.ts";
import { listenUdp } from "../udp/udp-listener.ts";
import { ownerOf } from "./swarm-owners.ts";

const INFO_HASH_AT = 16;
const skip = loadLibcSockets() === null && "this machine has no FFI";

test("ownerOf() gives each thread as many swarms, whatever their info hashes have alike", () => {
  for (const threads of [2, 3, 7, 64]) {
    const counts = Array.from({ length: threads }, () => 0);
    for (let each = 0; each < 64_000; each += 1) {
      const infoHash = new Uint8Array(20);
      new DataView(infoHash.buffer).setUint32(0, each);
      const owner = ownerOf(infoHash, { threads, key: 0x9e37_79b1 });
      counts[owner] = (counts[owner] ?? 0) + 1;
    }
    equal(counts.length, threads);
    const [fewest, most] = [Math.min(...counts), Math.max(...counts)];
    ok(fewest > (0.9 * 64_000) / threads && most < (1.1 * 64_000) / threads, `${fewest} ${most}`);
  }
});

test("the kernel gives a datagram to the thread that has its swarm", { skip }, async () => {
  await using ends = new AsyncDisposableStack();
  const shares = { threads: 3, key: 0x85eb_ca6b };
  const came = new Gathered<{ readonly thread: number; readonly packet: Buffer }>();
  let port = 0;
  for (let thread = 0; thread < shares.threads; thread += 1) {
    const answers = {
      counts: new UdpCounts(),
      answer({ packet, length }: { readonly packet: Uint8Array; readonly length: number }) {
        came.add({ thread, packet: Buffer.from(packet.subarray(0, length)) });
        return SILENCE;
      },
      later: () => equal(SILENCE, LATER),
    };
    const options = { answers, clock: systemClock, reusePort: true, batches: true, shares };
    const listener = ends.use(await listenUdp({ host: "127.0.0.1", port }, options));
    port = listener.port;
  }
  const client = createSocket("udp4").bind(0, "127.0.0.1");
  ends.defer(() => void client.close());
  await once(client, "listening");
  const send = (packet: Buffer): void => client.send(packet, port, "127.0.0.1");
  const id = Buffer.alloc(8, 0xff);
  for (let each = 0; each < 100; each += 1) {
    const infoHash = Buffer.alloc(20, each);
    infoHash.writeUInt32BE(Math.imul(each, 0x9e37_79b9) >>> 0);
    send(announcePacket(id, { infoHash: infoHash.toString("hex") }));
    send(scrapePacket(id, [infoHash.toString("hex"), "22".repeat(20)]));
  }
  for (const { thread, packet } of await came.count(200)) {
    equal(thread, ownerOf(packet.subarray(INFO_HASH_AT), shares));
  }
  // What is about no swarm comes somewhere too, and what is too short to tell.
  for (const packet of [connectPacket(), Buffer.alloc(1), Buffer.alloc(0)]) send(packet);
  await came.count(203);
});
