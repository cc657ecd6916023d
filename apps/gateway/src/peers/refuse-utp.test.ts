import { deepEqual, equal } from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { recordingTelemetry } from "@seedfleet/telemetry";
import { until } from "../testing.ts";
import { refuseUtp } from "./refuse-utp.ts";

const HOST = "127.0.0.1";
const SYN = Buffer.from("4100abcd000000000000000000100000007b0000", "hex");

test("refuseUtp() given a uTP connection resets it, and answers nothing else", async (t) => {
  const port = await freePort();
  const telemetry = recordingTelemetry();
  using _refused = refuseUtp({ host: HOST, port }, telemetry.log);
  const peer = createSocket("udp4");
  t.after(() => peer.close());
  const heard: Buffer[] = [];
  peer.on("message", (packet) => heard.push(packet));
  const stray = [Buffer.of(), Buffer.from("hello"), Buffer.concat([Buffer.of(0x01), SYN])];
  // The socket is bound a moment after it is made, so the first packets may go astray.
  await until(() => {
    if (heard.length === 0) for (const packet of [...stray, SYN]) peer.send(packet, port, HOST);
    return heard.length > 0;
  });
  const [reset] = heard;
  deepEqual([reset?.[0], reset?.subarray(2, 4).toString("hex")], [0x31, "abcd"]);
  equal(
    heard.every((packet) => packet.equals(reset ?? Buffer.of())),
    true,
  );
  deepEqual(telemetry.recorded.logs, []);
});

test("refuseUtp() given a port in use warns once and is no reason to stop", async (t) => {
  const other = await bound();
  t.after(() => other.close());
  const { port } = other.address();
  const telemetry = recordingTelemetry();
  const refused = refuseUtp({ host: HOST, port }, telemetry.log);
  await until(() => telemetry.recorded.logs.length > 0);
  const [line] = telemetry.recorded.logs;
  deepEqual([line?.level, line?.fields["reason"]], ["warn", "EADDRINUSE"]);
  refused[Symbol.dispose]();
  equal(telemetry.recorded.logs.length, 1);
});

test("refuseUtp() given its disposal frees the port", async (t) => {
  const port = await freePort();
  const refused = refuseUtp({ host: HOST, port }, recordingTelemetry().log);
  refused[Symbol.dispose]();
  const next = await bound(port);
  t.after(() => next.close());
  equal(next.address().port, port);
});

async function bound(port = 0): Promise<Socket> {
  const socket = createSocket("udp4").bind(port, HOST);
  await once(socket, "listening");
  return socket;
}

async function freePort(): Promise<number> {
  const socket = await bound();
  const { port } = socket.address();
  socket.close();
  await once(socket, "close");
  return port;
}
