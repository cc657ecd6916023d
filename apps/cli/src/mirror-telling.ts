import type { AddedMirror } from "@seedfleet/fleet";
import { formatCount } from "./format.ts";
import { mirrorLine, mirrorName, mirrorStanding } from "./mirror-totals.ts";
import { printable } from "./printable.ts";
import type { Reporter } from "./reporter.ts";

/** On a line of its own a name may be as long as most are. */
const NAME_LENGTH_MAX = 80;

type Terminal = {
  readonly err: (text: string) => void;
  /** Draws a line that the next one replaces. */
  readonly draw: (line: string) => void;
  readonly clear: () => void;
  /** A terminal can redraw its line; a file cannot. */
  readonly redraws: boolean;
};

/** How a person is told of mirrors. */
export function mirrorTelling({
  err,
  draw,
  clear,
  redraws,
}: Terminal): Pick<Reporter, "mirrorAsked" | "mirroring" | "mirrorThere"> {
  const stood = new Map<string, string>();
  return {
    mirrorAsked(added) {
      clear();
      err(askedText(added));
    },
    mirroring(totals) {
      if (redraws) return draw(mirrorLine(totals));
      // Where nothing is drawn anew only what changes seldom is worth a line.
      const standing = mirrorStanding(totals);
      if (stood.get(totals.infoHash) === standing) return;
      stood.set(totals.infoHash, standing);
      err(`${mirrorName(totals, NAME_LENGTH_MAX)}: ${standing}\n`);
    },
    mirrorThere({ name }, isAnnounced) {
      clear();
      const then = isAnnounced ? ", and announces it to its swarm" : "";
      err(`The fleet has all of ${printable(name)} already${then}\n`);
    },
  };
}

function askedText({ mirror, outcome }: AddedMirror): string {
  const { infoHash, name, holder, gateways } = mirror;
  const shown = name === null ? infoHash : `${printable(name)} (${infoHash})`;
  const by = formatCount(gateways, "gateway");
  if (outcome === "added") return `Mirroring ${shown} to ${holder} by ${by}\n`;
  const more = outcome === "merged" ? "; what is new of the swarm is known now" : "";
  return `${shown} is mirrored already, to ${holder} by ${by}${more}\n`;
}
