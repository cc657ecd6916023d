import { createSocket } from "node:dgram";
import { connect, type Socket } from "node:net";
import { type Rng, seededRng } from "@seedfleet/runtime";
import { BenchError } from "../bench-error.ts";
import type { SessionDone } from "./fuzz-target.ts";
import { chance, cutAnywhere, mutate, pick, randomBytesOf } from "./mutate.ts";
import {
  anyHttpRequest,
  anyUdpRequest,
  CONNECT,
  connectPacket,
  longestAnswer,
  type TrackerAt,
} from "./tracker-sayings.ts";

/** How long one waits for answers, or to be closed, at the end. */
const LINGER_MS_MAX = 300;
const SLOW_PAUSE_MS = 5;

const REQUESTS_MAX = 30;
const PACKETS_MAX = 60;
const HUGE_BYTES_MAX = 1_000_000;
const DATAGRAM_BYTES_MAX = 60_000;

const CONNECT_REPLY_BYTES = 16;

/** Ways to be a strange client of a tracker. */
const HTTP_KINDS = [
  ...(["http noise", "http right", "http mutated", "http huge", "http slow"] as const),
  ...(["http half-closed", "http deaf"] as const),
] as const;
const UDP_KINDS = ["udp noise", "udp right", "udp mutated", "udp forged"] as const;

type HttpKind = (typeof HTTP_KINDS)[number];
type UdpKind = (typeof UDP_KINDS)[number];

/** One strange client of a tracker; what it says follows from the seed alone. */
export async function trackerSession(at: TrackerAt, seed: number): Promise<SessionDone> {
  const rng = seededRng(seed);
  return chance(rng, 60)
    ? await overHttp(at, pick(HTTP_KINDS, rng), rng)
    : await overUdp(at, pick(UDP_KINDS, rng), rng);
}

async function overHttp(at: TrackerAt, kind: HttpKind, rng: Rng): Promise<SessionDone> {
  const lingerMs = 50 + rng.below(LINGER_MS_MAX);
  const bytes = httpSaying(at, kind, rng);
  const reads = cutAnywhere(bytes, rng).slice(0, 2_000);
  const socket = connect({ host: at.host, port: at.httpPort, localAddress: anySource(rng) });
  const closed = Promise.withResolvers<boolean>();
  let heard = "";
  let receivedBytes = 0;
  socket.on("error", () => {});
  socket.once("end", () => closed.resolve(true)).once("close", () => closed.resolve(true));
  if (kind === "http deaf") socket.pause();
  else {
    socket.on("data", (chunk: Buffer) => {
      receivedBytes += chunk.length;
      if (heard.length < 9) heard += chunk.toString("latin1", 0, 9);
    });
  }
  socket.once("connect", () => void speak(socket, reads, kind));
  const late = setTimeout(() => closed.resolve(false), lingerMs);
  const wasClosed = await closed.promise;
  clearTimeout(late);
  end(socket, chance(rng, 50));
  if (!"HTTP/1.1 ".startsWith(heard.slice(0, 9))) {
    throw new BenchError(`${kind} was answered with no HTTP: ${JSON.stringify(heard)}`);
  }
  return { kind, sentBytes: socket.bytesWritten, receivedBytes, wasClosed };
}

/**
 * Node.js resets when all is written, so a deaf client would stay until the tracker gives it up;
 * and if a write fails meanwhile the socket is lost, open. What it leaves unread resets it too.
 */
function end(socket: Socket, resets: boolean): void {
  const isOpen = !socket.readableEnded && !socket.writableEnded && !socket.connecting;
  if (resets && isOpen && socket.writableLength === 0) socket.resetAndDestroy();
  else socket.destroy();
}

async function speak(socket: Socket, reads: readonly Uint8Array[], kind: HttpKind): Promise<void> {
  socket.setNoDelay(true);
  for (const read of reads) {
    if (socket.destroyed) return;
    socket.write(read);
    if (kind === "http slow") await new Promise((resolve) => setTimeout(resolve, SLOW_PAUSE_MS));
  }
  if (kind === "http half-closed") socket.end();
}

function httpSaying(at: TrackerAt, kind: HttpKind, rng: Rng): Buffer {
  if (kind === "http noise") return randomBytesOf(rng, 1 + rng.below(3_000));
  if (kind === "http deaf") {
    return Buffer.concat(Array(20 * REQUESTS_MAX).fill(longestAnswer(at)));
  }
  if (kind === "http huge") {
    const before = chance(rng, 50) ? "GET /announce?" : "GET /announce HTTP/1.1\r\nX: ";
    return Buffer.from(before + "a=1&".repeat(rng.below(HUGE_BYTES_MAX / 4)));
  }
  const count = 1 + rng.below(REQUESTS_MAX);
  const requests = Array.from({ length: count }, () => anyHttpRequest(at, rng));
  const said = Buffer.concat(requests);
  const isMutated = kind === "http mutated" || (kind !== "http right" && chance(rng, 50));
  return isMutated ? mutate(said, rng) : said;
}

async function overUdp(at: TrackerAt, kind: UdpKind, rng: Rng): Promise<SessionDone> {
  const socket = createSocket("udp4");
  socket.on("error", () => {});
  await new Promise<void>((resolve) => socket.bind(0, anySource(rng), resolve));
  const heard: Buffer[] = [];
  const first = Promise.withResolvers<Buffer | null>();
  socket.on("message", (packet) => {
    heard.push(packet);
    first.resolve(packet);
  });
  const proves = kind === "udp right" || kind === "udp mutated";
  let sentBytes = 0;
  const say = (packet: Buffer): void => {
    sentBytes += packet.length;
    socket.send(packet, at.udpPort, at.host);
  };
  if (proves) say(connectPacket(rng.below(2 ** 32)));
  const late = setTimeout(() => first.resolve(null), LINGER_MS_MAX);
  const connected = proves ? await first.promise : null;
  clearTimeout(late);
  const id = connected?.subarray(8, 16) ?? randomBytesOf(rng, 8);
  for (let rest = 1 + rng.below(PACKETS_MAX); rest > 0; rest -= 1)
    say(udpSaying(at, { kind, id }, rng));
  await new Promise((resolve) => setTimeout(resolve, 20 + rng.below(LINGER_MS_MAX)));
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  const receivedBytes = heard.reduce((sum, { length }) => sum + length, 0);
  if (!proves) assertFair(heard, { kind, sentBytes, receivedBytes });
  return { kind, sentBytes, receivedBytes, wasClosed: false };
}

/** Who has not shown that it is there gets connection ids, and no more than it sent. */
function assertFair(
  heard: readonly Buffer[],
  { kind, sentBytes, receivedBytes }: Pick<SessionDone, "kind" | "sentBytes" | "receivedBytes">,
): void {
  const other = heard.find((packet) => {
    return packet.length !== CONNECT_REPLY_BYTES || packet.readUInt32BE(0) !== CONNECT;
  });
  if (other !== undefined) throw new BenchError(`${kind} was answered with ${other.toHex()}`);
  if (receivedBytes > sentBytes) throw new BenchError(`${kind} was sent more than it said`);
}

function udpSaying(
  at: TrackerAt,
  { kind, id }: { readonly kind: UdpKind; readonly id: Uint8Array },
  rng: Rng,
): Buffer {
  if (kind === "udp noise") {
    const lengthMax = chance(rng, 95) ? 300 : DATAGRAM_BYTES_MAX;
    const noise = randomBytesOf(rng, rng.below(lengthMax));
    return chance(rng, 30) ? Buffer.concat([connectPacket(rng.below(2 ** 32)), noise]) : noise;
  }
  const said = anyUdpRequest(id, at, rng);
  if (kind !== "udp mutated") return said;
  // Most of them keep their id, or nothing behind it would be looked at.
  const keeps = chance(rng, 80) ? 8 : 0;
  return Buffer.concat([said.subarray(0, keeps), mutate(said.subarray(keeps), rng)]);
}

function anySource(rng: Rng): string {
  return `127.0.3.${1 + rng.below(8)}`;
}
