import type { FleetCheckup } from "@seedfleet/contracts";
import { dialPeer } from "@seedfleet/gateway/service";
import type { Clock } from "@seedfleet/runtime";
import { lookWithin } from "./look.ts";
import type { DialledGateway } from "./observed.ts";

/** For a connection and for a handshake; the other side of the world takes a second of it. */
const DIAL_MS_MAX = 5_000;

/** In the clear, and then encrypted, twice. */
const DIALS_MS_MAX: number = 3 * DIAL_MS_MAX;

/** Goes to every gateway as a peer does, by the address that peers are told. */
export async function dialGateways(
  clock: Clock,
  { processes, infoHash }: FleetCheckup,
): Promise<readonly DialledGateway[]> {
  const dials = processes.map(async ({ presence, checkup }): Promise<DialledGateway | null> => {
    const { id, peerAddress: address, draining } = presence;
    if (address === null || draining) return null;
    const encryption = checkup?.gateway?.encryption ?? "allowed";
    const options = { encryption, timeoutMs: DIAL_MS_MAX, infoHash: infoHash ?? undefined };
    const looked = await lookWithin(clock, DIALS_MS_MAX, () => dialPeer(clock, address, options));
    return { id, address, looked };
  });
  return (await Promise.all(dials)).filter((each) => each !== null);
}
