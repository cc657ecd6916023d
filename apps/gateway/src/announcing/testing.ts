import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AnnounceFields, TrackerUrl } from "@seedfleet/announce";
import { parseTrackerUrl } from "@seedfleet/announce";
import { givenFields } from "@seedfleet/announce/testing";
import { seededRng } from "@seedfleet/runtime";
import { type RecordingTelemetry, recordingTelemetry } from "@seedfleet/telemetry";
import { VirtualClock } from "@seedfleet/testkit";
import type { ResolveName } from "../outbound/allowed-lookup.ts";
import { OutboundRule } from "../outbound/outbound-rule.ts";
import type { AnnounceOutcome } from "./announce-outcome.ts";
import { TrackerClients } from "./tracker-clients.ts";

export type GivenServer = AsyncDisposable & { readonly port: number };

/** A tracker over HTTP at the loopback, or what takes itself for one. */
export async function givenHttpTracker(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  host = "127.0.0.1",
): Promise<GivenServer> {
  const server = createServer(answer).listen(0, host);
  await once(server, "listening");
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** What comes back for a packet; null for silence. */
export type AnswerPacket = (packet: Buffer) => Buffer | null;

/** A tracker over UDP at the loopback. */
export async function givenUdpTracker(
  answer: AnswerPacket,
  host = "127.0.0.1",
): Promise<GivenServer> {
  const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
  socket.on("message", (packet, { address, port }) => {
    const reply = answer(packet);
    if (reply !== null) socket.send(reply, port, address);
  });
  socket.bind(0, host);
  await once(socket, "listening");
  return {
    port: socket.address().port,
    async [Symbol.asyncDispose]() {
      socket.close();
      await once(socket, "close");
    },
  };
}

/** An answer to a request: its transaction id, an action of BEP 15, and what follows. */
export function udpAnswer(request: Buffer, action: number, rest: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(action, 0);
  request.copy(head, 4, 12, 16);
  return Buffer.concat([head, rest]);
}

/** Answers of a tracker that knows 192.0.2.1:6881, to come again in half an hour. */
export const soundUdpTracker: AnswerPacket = (packet) => {
  const isConnect = packet.length === 16;
  if (isConnect) return udpAnswer(packet, 0, Buffer.from("0102030405060708", "hex"));
  return udpAnswer(packet, 1, Buffer.from(`00000708${"00000001".repeat(2)}c00002011ae1`, "hex"));
};

export type GivenClients = AsyncDisposable & {
  readonly clock: VirtualClock;
  readonly telemetry: RecordingTelemetry;
  readonly clients: TrackerClients;
  announce(url: string, fields?: Partial<AnnounceFields>): Promise<AnnounceOutcome>;
};

export type GivenClientsOptions = { readonly ownHost?: string; readonly resolve?: ResolveName };

/** The clients of a gateway at the loopback, whose clock stands still until it is moved. */
export function givenClients(options: GivenClientsOptions = {}): GivenClients {
  const { ownHost = "127.0.0.1", ...others } = options;
  const clock = new VirtualClock();
  const telemetry = recordingTelemetry();
  const rule = new OutboundRule("auto", ownHost);
  const { meter } = telemetry;
  const clients = new TrackerClients({ clock, meter, rule, chance: seededRng(1), ...others });
  return {
    clock,
    telemetry,
    clients,
    announce: (url, fields) =>
      clients.announce(
        { tracker: givenTracker(url), fields: givenFields(fields) },
        new AbortController().signal,
      ),
    [Symbol.asyncDispose]: () => clients[Symbol.asyncDispose](),
  };
}

export function givenTracker(text: string): TrackerUrl {
  const url = parseTrackerUrl(text);
  if (url === null) throw new Error(`${text} is no tracker`);
  return url;
}

export const LOOPBACK_NAMES: ResolveName = (_host, done) => {
  done(null, [{ address: "127.0.0.1", family: 4 }]);
};
