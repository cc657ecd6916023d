import type {
  CheckedProcess,
  GatewayCheckup,
  GatewayPresence,
  ReachabilityOutcome,
} from "@seedfleet/contracts";
import { type DialledPeer, reachabilityAdvice } from "@seedfleet/gateway/service";
import { formatDuration } from "../format.ts";
import { isLoopback, joinHostPort } from "../reachable-host.ts";
import { type About, type Finding, ok, problem, warning } from "./finding.ts";
import { nameOf } from "./judge-processes.ts";
import type { DialledGateway, Looked } from "./observed.ts";

/** A peer that came within this, an interval of announces, came by the address as it is now. */
export const PEER_CAME_MS: number = 30 * 60_000;

/** Few peers find room beyond it, and the next ones are closed. */
export const PEERS_FULL_SHARE_WARNED = 0.9;

/** What is known of how one gateway is reached. */
type Evidence = {
  readonly about: About;
  readonly isOfLoopback: boolean;
  /** What it found out itself; null where it does not know or did not say. */
  readonly itself: ReachabilityOutcome | null;
  /** How long ago a peer showed that the way is open, which it cannot see itself. */
  readonly cameAgoMs: number | null;
  /** What it is like from here. */
  readonly here: Here;
};

type Here =
  /** It is this gateway that answers, or where there was nothing to ask it by, somebody. */
  | { readonly kind: "reached" | "connected" | "other" | "silent" }
  | { readonly kind: "failed"; readonly code: string };

/** Whether peers reach each gateway by the address that they are told. */
export function judgeGateways(
  processes: readonly CheckedProcess[],
  dialled: readonly DialledGateway[],
  hasTorrent: boolean,
): readonly Finding[] {
  return processes.flatMap((process) => {
    const { presence } = process;
    if (presence.gateway === null || presence.peerAddress === null) return [];
    const address = joinHostPort(presence.peerAddress);
    const about: About = { check: "gateways", subject: `${nameOf(presence)} at ${address}` };
    if (presence.draining) return [ok(about, "it is on its way out")];
    const gateway = process.checkup?.gateway ?? null;
    const dial = dialled.find(({ id }) => id === presence.id);
    const reach = judgeReach({
      ...{ about, isOfLoopback: isLoopback(presence.peerAddress.host) },
      itself: outcomeOf(gateway, presence.gateway),
      cameAgoMs: cameAgoMs(process),
      here: hereOf(dial?.looked ?? null, { gateway, hasTorrent }),
    });
    return [reach, ...judgePeers(about, presence.gateway)];
  });
}

/** The addresses that peers get through to, and nobody sees from inside their NAT. */
export function unseenFromInside(processes: readonly CheckedProcess[]): ReadonlySet<string> {
  const unseen = processes.filter((process) => cameAgoMs(process) !== null);
  return new Set(unseen.flatMap(({ presence }) => presence.peerAddress?.host ?? []));
}

/**
 * Null where no peer came lately, and where it says nothing: a gateway that has reached itself has
 * a way to look, and what it sees there now counts.
 */
function cameAgoMs({ checkup }: CheckedProcess): number | null {
  const {
    outcome = null,
    hasReachedItself = true,
    cameAgoMs: agoMs = null,
  } = checkup?.gateway ?? {};
  if (hasReachedItself || outcome === null || outcome === "unspecified") return null;
  return agoMs !== null && agoMs < PEER_CAME_MS ? agoMs : null;
}

/** A gateway of an earlier version says only whether, and not why. */
function outcomeOf(
  gateway: GatewayCheckup | null,
  { reachable }: GatewayPresence,
): ReachabilityOutcome | null {
  if (gateway !== null) return gateway.outcome;
  return reachable === true ? "reached" : null;
}

function hereOf(
  looked: Looked<DialledPeer> | null,
  {
    gateway,
    hasTorrent,
  }: { readonly gateway: GatewayCheckup | null; readonly hasTorrent: boolean },
): Here {
  if (looked === null) return { kind: "failed", code: "not dialled" };
  if (looked.kind === "late") return { kind: "failed", code: "timeout" };
  if (looked.kind === "failed") return { kind: "failed", code: looked.code ?? "unknown" };
  const { seen } = looked;
  if (seen.kind === "failed") return seen;
  // Nobody answers a handshake for what nobody has: that there is a connection is all one sees.
  if (seen.kind === "no-handshake") return { kind: hasTorrent ? "silent" : "connected" };
  const isOther = gateway !== null && gateway.peerId !== seen.peerId;
  return { kind: isOther ? "other" : "reached" };
}

function judgeReach(evidence: Evidence): Finding {
  const { about, here } = evidence;
  switch (here.kind) {
    case "other":
      return anotherAnswers(about);
    case "silent":
      return judgeSilent(evidence);
    case "failed":
      return judgeFailed(evidence, here.code);
    default:
      return judgeReached(evidence, here.kind);
  }
}

function anotherAnswers(about: About): Finding {
  const found = "another BitTorrent client than this gateway answers there";
  return problem(about, found, FORWARD);
}

const FORWARD = `forward that port to this gateway, or set SEEDFLEET_GATEWAY_ADVERTISED_HOST and \
SEEDFLEET_GATEWAY_ADVERTISED_PORT to where peers reach it`;

function judgeReached(
  { about, isOfLoopback, itself, cameAgoMs }: Evidence,
  kind: "reached" | "connected",
): Finding {
  const here =
    kind === "reached" ? "it answers a peer from here" : "it takes connections from here";
  if (isOfLoopback) {
    const todo = `for others to download, have it advertise the address that they reach it by \
(--host, or SEEDFLEET_GATEWAY_ADVERTISED_HOST)`;
    return warning(about, `${here}, but only this machine can go to a loopback address`, todo);
  }
  if (itself === null || itself === "reached") return ok(about, here);
  if (kind === "reached") {
    const found = `${here}; it does not reach itself (${itself}), as behind a NAT that does not \
lead back inside, which is no fault`;
    return ok(about, found);
  }
  // Whoever takes connections there need not be this gateway, which says that it is not.
  if (cameAgoMs !== null) return ok(about, cameText(here, cameAgoMs));
  const found = `somebody takes connections there, but it does not reach itself (${itself})`;
  return problem(about, found, reachabilityAdvice(itself));
}

function cameText(here: string, cameAgoMs: number): string {
  return `${here}, and a peer came in by itself ${formatDuration(cameAgoMs)} ago`;
}

/** There is a connection, but no handshake for a torrent that the fleet has. */
function judgeSilent({ about, itself }: Evidence): Finding {
  if (itself === "reached") {
    const todo = `see its log, and whether its piece-store runs: it closes peers whose torrent it \
cannot read, and those beyond SEEDFLEET_GATEWAY_PEERS_MAX`;
    return warning(about, "it reaches itself, but does not answer a peer from here", todo);
  }
  const found = "whoever answers there does not answer a peer";
  return problem(about, found, reachabilityAdvice(itself ?? "another-program"));
}

function judgeFailed({ about, isOfLoopback, itself, cameAgoMs }: Evidence, code: string): Finding {
  if (cameAgoMs !== null) {
    const found = cameText(`it does not answer from here (${code}), as through its NAT`, cameAgoMs);
    return ok(about, `${found}: peers get through`);
  }
  if (itself === "reached") {
    const found = `it reaches itself, but not from here (${code})`;
    const todo = isOfLoopback
      ? `have it advertise an address that is not of the loopback (--host, or \
SEEDFLEET_GATEWAY_ADVERTISED_HOST)`
      : "check the firewalls on the way, and look from where peers are: run this there";
    return warning(about, found, todo);
  }
  if (itself !== null) {
    const found = `neither it nor this machine reaches it (${itself}, ${code})`;
    return problem(about, found, reachabilityAdvice(itself));
  }
  return problem(about, `it is not reached from here (${code})`, `${FORWARD}, and open it there`);
}

function judgePeers(about: About, { peers, peersMax }: GatewayPresence): readonly Finding[] {
  if (peers < peersMax * PEERS_FULL_SHARE_WARNED) return [];
  const todo = "start another gateway, or raise SEEDFLEET_GATEWAY_PEERS_MAX";
  return [warning(about, `${peers} of ${peersMax} peers are there: it is full`, todo)];
}
