import {
  MIRROR_PATTERN_LENGTH_MAX,
  MIRROR_PATTERNS_MAX,
  type MirrorChoice,
} from "@seedfleet/contracts";
import { usageError } from "./usage-error.ts";

type Repeated = { readonly type: "string"; readonly multiple: true };

/** The flags that say which files of a torrent are wanted, and in what order. */
export const CHOICE_FLAGS: {
  readonly only: Repeated;
  readonly first: Repeated;
  readonly sequential: { readonly type: "boolean"; readonly default: false };
} = {
  only: { type: "string", multiple: true },
  first: { type: "string", multiple: true },
  sequential: { type: "boolean", default: false },
};

type ChoiceValues = {
  readonly only?: readonly string[] | undefined;
  readonly first?: readonly string[] | undefined;
  readonly sequential: boolean;
  readonly gateways?: string | undefined;
};

/** The lines of a command's help that tell of these flags. */
export const CHOICE_USAGE: string = `\
  --only PATTERN           downloads these files alone; may be given several times. data/test is a
                           directory, *.json a name anywhere, data/**/a.bin a path
  --first PATTERN          downloads these files before the others; may be given several times
  --sequential             from the front, for who reads it meanwhile; by one gateway
`;

/** Undefined where every file is wanted, in any order. Throws `usage`. */
export function choiceOptions(values: ChoiceValues): MirrorChoice | undefined {
  const { sequential, gateways } = values;
  const only = patterns("--only", values.only);
  const first = patterns("--first", values.first);
  if (sequential && first.length > 0) {
    throw usageError("--sequential takes files in their order; leave out --first");
  }
  // Each of several would fetch the same pieces as the others.
  if (sequential && gateways !== undefined && gateways !== "1") {
    throw usageError("--sequential is by one gateway; leave out --gateways");
  }
  const isAny = !sequential && only.length === 0 && first.length === 0;
  return isAny ? undefined : { only, first, sequential };
}

function patterns(flag: string, given: readonly string[] = []): readonly string[] {
  if (given.length > MIRROR_PATTERNS_MAX) {
    throw usageError(`${flag} may be given ${MIRROR_PATTERNS_MAX} times at most`);
  }
  for (const pattern of given) {
    if (pattern.length > 0 && pattern.length <= MIRROR_PATTERN_LENGTH_MAX) continue;
    throw usageError(`${flag} is a pattern of 1 to ${MIRROR_PATTERN_LENGTH_MAX} characters`);
  }
  return given;
}
