import type { ChokingMoment, ExplainedConnection } from "@seedfleet/contracts";
import { decisionText } from "./decision-text.ts";

/**
 * Why a connection is or is not unchoked just now, for people. That is what was decided of it last,
 * unless the peer has changed its mind since.
 */
export function whyText(connection: ExplainedConnection): string {
  const { amChoking, peerInterested, uploadOnly, slots } = connection;
  const [last] = connection.moments;
  if (last !== undefined && holdsOf(connection, last)) return decisionText(last);
  if (!amChoking) return "unchoked: for longer than decisions are remembered";
  const nowhere = { decision: "choked", rank: null, wanting: null } as const;
  if (!peerInterested) return decisionText({ ...nowhere, because: { rule: "not-interested" } });
  if (uploadOnly) return decisionText({ ...nowhere, because: { rule: "upload-only" } });
  return `choked: it wants one of ${slots} slots since the last round; the next one decides`;
}

function holdsOf(connection: ExplainedConnection, { decision, because }: ChokingMoment): boolean {
  const isChoked = decision === "choked" || decision === "ready";
  const isUninterested = because.rule === "not-interested";
  return isChoked === connection.amChoking && isUninterested !== connection.peerInterested;
}
