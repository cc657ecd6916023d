import type { ReachabilityOutcome } from "@seedfleet/contracts";

export type ProbeEvidence = {
  /** Why there was no connection: a code of the system's, or `timeout`. Null when there was. */
  readonly failure: string | null;
  /** Whether the handshake came in at our own door. */
  readonly seen: boolean;
  /** Whether the gateway takes nobody in just now. */
  readonly isFull: boolean;
};

const UNRESOLVABLE: ReadonlySet<string> = new Set(["ENOTFOUND", "EAI_AGAIN", "ENODATA"]);

/** What a probe says of the address; null if it says nothing: a full gateway closes everybody. */
export function judgeProbe({
  failure,
  seen,
  isFull,
}: ProbeEvidence): Exclude<ReachabilityOutcome, "unspecified"> | null {
  if (seen) return "reached";
  if (failure === null) return isFull ? null : "another-program";
  if (failure === "ECONNREFUSED") return "refused";
  if (failure === "timeout" || failure === "ETIMEDOUT") return "timed-out";
  return UNRESOLVABLE.has(failure) || failure.startsWith("EAI_") ? "unresolvable" : "unroutable";
}

const FORWARDING = `forward the port to this machine, or set SEEDFLEET_GATEWAY_ADVERTISED_HOST and \
SEEDFLEET_GATEWAY_ADVERTISED_PORT to where peers reach it`;

const HAIRPIN = `a NAT that does not lead back inside may look so from here although peers get \
through`;

const ADVICE: Readonly<Record<ReachabilityOutcome, string>> = {
  reached: "nothing is to be done",
  "another-program": `another program answers there: ${FORWARDING}`,
  refused: `nobody listens there: ${FORWARDING}; ${HAIRPIN}`,
  "timed-out": `nothing comes back from there: open the port in the firewall, ${FORWARDING}; \
${HAIRPIN}`,
  unresolvable: `the name has no address: set SEEDFLEET_GATEWAY_ADVERTISED_HOST to the IP address \
that peers reach this machine by`,
  unroutable: `there is no way to it from this machine: check its network and firewall, \
or ${FORWARDING}`,
  unspecified: `it is every address and none that peers can dial: set \
SEEDFLEET_GATEWAY_ADVERTISED_HOST to the one they reach this machine by`,
};

/** What a person can do about it. */
export function reachabilityAdvice(outcome: ReachabilityOutcome): string {
  return ADVICE[outcome];
}
