import { equal, rejects } from "node:assert/strict";
import type { BusTransport } from "@seedfleet/bus";
import { errorCode, systemClock } from "@seedfleet/runtime";
import { givenCertificate, realPartTest, startNatsServer } from "@seedfleet/testkit";
import { connectNatsBus, type NatsTls } from "./connect-nats-bus.ts";

const PARTS = ["nats-server", "openssl"] as const;

realPartTest(PARTS, "connectNatsBus() encrypts where NATS does", async (t, { openssl }) => {
  await using certificate = await givenCertificate(openssl);
  const { certFile, keyFile } = certificate;
  const nats = await startNatsServer(["--tls", "--tlscert", certFile, "--tlskey", keyFile]);
  t.after(() => nats.stop());
  const bus = await connectTo(nats.url, { caFile: certFile, certFile: null, keyFile: null });
  const { promise, resolve } = Promise.withResolvers<number>();
  bus.subscribe("a", {}, ({ payload }) => resolve(payload.length));
  // Of several records of TLS, and of several reads.
  bus.publish("a", new Uint8Array(200_000));
  equal(await promise, 200_000);
  await bus.close();
});

realPartTest(PARTS, "connectNatsBus() trusts no unknown authority", async (t, { openssl }) => {
  await using certificate = await givenCertificate(openssl);
  const { certFile, keyFile } = certificate;
  const nats = await startNatsServer(["--tls", "--tlscert", certFile, "--tlskey", keyFile]);
  t.after(() => nats.stop());
  await rejects(connectTo(nats.url, null), isUnreachable);
});

realPartTest(["nats-server"], "connectNatsBus() given tls refuses a plain NATS", async (t) => {
  const nats = await startNatsServer();
  t.after(() => nats.stop());
  await rejects(
    connectTo(nats.url, { caFile: null, certFile: null, keyFile: null }),
    isUnreachable,
  );
});

function isUnreachable(error: unknown): boolean {
  return errorCode(error) === "bus-unreachable";
}

/** By name: the client asks no certificate for an address. */
function connectTo(url: string, tls: NatsTls | null): Promise<BusTransport> {
  const servers = [url.replace("127.0.0.1", "localhost")];
  return connectNatsBus({ servers, name: "test", tls }, { clock: systemClock });
}
