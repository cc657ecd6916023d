import { randomBytes } from "node:crypto";
import {
  type Bus,
  type BusEvent,
  type BusTransport,
  type Call,
  createBus,
  defineCall,
  defineEvent,
  defineStream,
  type StreamCall,
} from "@seedfleet/bus";
import { anyNumber, anyText } from "@seedfleet/bus/testing";
import { type RecordingTelemetry, recordingTelemetry } from "@seedfleet/telemetry";
import { VirtualClock } from "../virtual-clock.ts";

/** For a span of the asker's, that the server shall find itself in. */
export const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";

/** What an adapter gives the suite, made anew for each test. */
export type BusUnderTest = {
  /** Two connections to one bus, or one twice where there are no connections. */
  readonly asker: BusTransport;
  readonly server: BusTransport;
  /** For a bus that can go away: as by kill -9, and back with what it had stored. */
  readonly outage?: { begin(): Promise<void>; end(): Promise<void> };
  stop(): Promise<void>;
};

/** A bus under test with the typed layer on both ends, and names that no other test uses. */
export type BusFixture = BusUnderTest & {
  readonly asking: Bus;
  readonly serving: Bus;
  /** The clock of both ends' typed layer; the adapter has the machine's. */
  readonly clock: VirtualClock;
  readonly askingTelemetry: RecordingTelemetry;
  readonly servingTelemetry: RecordingTelemetry;
  /** A subject token and bucket name. */
  readonly run: string;
};

export type BusTest = (bus: BusFixture) => Promise<void>;
export type BusTests = Readonly<Record<string, BusTest>>;

type Run<Name extends string> = `seedfleet.test.${Name}.{run}`;

export const toldEvent: BusEvent<"seedfleet.test.told.{run}.{topic}", string> = defineEvent({
  subject: "seedfleet.test.told.{run}.{topic}",
  payload: anyText,
});

export const doubleCall: Call<Run<"double">, number, number> = defineCall({
  subject: "seedfleet.test.double.{run}",
  request: anyNumber,
  reply: anyNumber,
  timeoutMs: 1_000,
});

export const bytesStream: StreamCall<Run<"bytes">, number, Uint8Array> = defineStream({
  subject: "seedfleet.test.bytes.{run}",
  request: anyNumber,
  chunk: "bytes",
  timeoutMs: 1_000,
  chunksInFlightMax: 4,
});

export const countStream: StreamCall<Run<"count">, number, number> = defineStream({
  subject: "seedfleet.test.count.{run}",
  request: anyNumber,
  chunk: anyNumber,
  timeoutMs: 1_000,
  chunksInFlightMax: 4,
});

export function givenBus(underTest: BusUnderTest): BusFixture {
  const clock = new VirtualClock();
  const askingTelemetry = recordingTelemetry();
  const servingTelemetry = recordingTelemetry();
  return {
    ...underTest,
    asking: createBus(underTest.asker, { clock, telemetry: askingTelemetry }),
    serving: createBus(underTest.server, { clock, telemetry: servingTelemetry }),
    clock,
    askingTelemetry,
    servingTelemetry,
    run: `run-${randomBytes(6).toString("hex")}`,
  };
}

/** The same transport, but messages for which `isLost` holds never leave. */
export function losing(
  transport: BusTransport,
  isLost: (headers: Readonly<Record<string, string>>) => boolean,
): BusTransport {
  return {
    payloadBytesMax: transport.payloadBytesMax,
    inbox: transport.inbox,
    get status() {
      return transport.status;
    },
    onStatus: (listener) => transport.onStatus(listener),
    publish: (subject, payload, options = {}) => {
      if (!isLost(options.headers ?? {})) transport.publish(subject, payload, options);
    },
    subscribe: (subject, options, handle) => transport.subscribe(subject, options, handle),
    flush: () => transport.flush(),
    keyValue: (bucket) => transport.keyValue(bucket),
    objectStore: (bucket) => transport.objectStore(bucket),
    workQueue: (name) => transport.workQueue(name),
    close: () => transport.close(),
  };
}
