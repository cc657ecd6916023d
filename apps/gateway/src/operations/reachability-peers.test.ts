import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { peerIdFromBytes } from "@seedfleet/bytes";
import { recordingTelemetry } from "@seedfleet/telemetry";
import { VirtualClock } from "@seedfleet/testkit";
import { Reachability } from "./reachability.ts";

const cases = [
  { given: "a public peer at a public address", advertised: "192.0.2.1", host: "198.51.100.7" },
  { given: "a private peer at a private address", advertised: "10.0.0.1", host: "192.168.1.2" },
  { given: "IPv6 at IPv6", advertised: "2001:db8::1", host: "2001:db8::2" },
] as const;

for (const { given, advertised, host } of cases) {
  test(`Reachability given ${given} knows how long ago it came`, async () => {
    const { reachability, clock } = givenReachability(advertised);
    reachability.came({ host, isDialled: false });
    clock.advance(3_000);
    deepEqual((await reachability.examine()).cameAgoMs, 3_000);
  });
}

const others = [
  { given: "one that it went to", advertised: "192.0.2.1", host: "198.51.100.7", dialled: true },
  { given: "one of its own network", advertised: "192.0.2.1", host: "10.0.0.7", dialled: false },
  { given: "one of this machine", advertised: "192.0.2.1", host: "127.0.0.1", dialled: false },
  { given: "loopback at loopback", advertised: "127.0.0.1", host: "127.0.0.1", dialled: false },
  { given: "a peer, and a name", advertised: "fleet.invalid", host: "192.0.2.1", dialled: false },
] as const;

for (const { given, advertised, host, dialled: isDialled } of others) {
  test(`Reachability given ${given} takes it for no sign of its address`, async () => {
    const { reachability } = givenReachability(advertised);
    reachability.came({ host, isDialled });
    deepEqual((await reachability.examine()).cameAgoMs, null);
  });
}

/** One that never dials: it has stopped. */
function givenReachability(host: string): { reachability: Reachability; clock: VirtualClock } {
  const clock = new VirtualClock();
  const { log, meter } = recordingTelemetry();
  const config = { address: { host, port: 6_881 }, ownPeerId, encryption: "allowed" } as const;
  const reachability = new Reachability({ clock, log, meter, isFull: () => false }, config);
  reachability.stop();
  return { reachability, clock };
}

const ownPeerId = peerIdFromBytes(new Uint8Array(20));
