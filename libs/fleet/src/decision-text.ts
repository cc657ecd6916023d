import type { ChokingMoment } from "@seedfleet/contracts";

/** A decision, and among how many it was made. */
export type ExplainedDecision = Pick<ChokingMoment, "decision" | "rank" | "because" | "wanting">;

/**
 * Why a peer holds a slot or does not, for people: `choked: 37th of 120 that want one of 4 slots`.
 * What a gateway is called is the only text of others in it, and has no more than `-_a-zA-Z0-9`.
 */
export function decisionText(decided: ExplainedDecision): string {
  const { decision } = decided;
  if (decision === "ready")
    return `no slot yet: ${reasonText(decided)}, and is served once it does`;
  return `${decision === "choked" ? "choked" : "unchoked"}: ${reasonText(decided)}`;
}

function reasonText(decided: ExplainedDecision): string {
  const { because } = decided;
  switch (because.rule) {
    case "not-interested":
      return "it wants nothing of what we have";
    case "upload-only":
      return "it says that it only uploads";
    case "ranked":
    case "outranked":
      return placeText(decided, because.slots);
    case "turn":
      return "its optimistic turn, which goes to who has waited longest";
    case "free-slot":
      return "a slot was free that nobody before it could use";
    case "lot":
      return "drawn by lot among those that wait";
    case "gives-more":
      return `gives more than the ${Math.round(because.thanBytesPerSecond)} B/s of the last one`;
    case "snubbed":
      return "it has stopped sending us anything";
    case "served-elsewhere":
      return `${rankText(decided)}served at gateway ${because.gateway}`;
    case "gateway-full":
      return `${rankText(decided)}the slots of its gateways went to those before it`;
  }
}

function placeText({ rank, wanting }: ExplainedDecision, slots: number): string {
  const of = `${slots} slot${slots === 1 ? "" : "s"}`;
  if (rank === null) return `waits for one of ${of}`;
  return wanting === null
    ? `${ordinal(rank)} in line for ${of}`
    : `${ordinal(rank)} of ${wanting} that want one of ${of}`;
}

function rankText({ rank, wanting }: ExplainedDecision): string {
  if (rank === null) return "";
  return `${ordinal(rank)} ${wanting === null ? "in line" : `of ${wanting} that want a slot`}; `;
}

/** `1st`, `2nd`, `3rd`, `4th`, `11th`, `21st`. */
function ordinal(rank: number): string {
  const isTeen = Math.floor(rank / 10) % 10 === 1;
  const ending = isTeen ? "th" : (["th", "st", "nd", "rd"][rank % 10] ?? "th");
  return `${rank}${ending}`;
}
