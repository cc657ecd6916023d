import { natsUrl } from "./bus-option.ts";

/** How a command has a running fleet do something, and whether it looks on. */
export type FollowOptions = {
  readonly natsUrl: string | null;
  /** Null takes the only piece-store there is for it. */
  readonly store: string | null;
  /** Whether to wait until it is done. */
  readonly wait: boolean;
  readonly json: boolean;
};

type Flag = { readonly type: "boolean"; readonly default: false };

/** The flags that say so. */
export const FOLLOW_FLAGS: {
  readonly "no-wait": Flag;
  readonly bus: { readonly type: "string" };
  readonly store: { readonly type: "string" };
  readonly json: Flag;
  readonly help: Flag & { readonly short: "h" };
} = {
  "no-wait": { type: "boolean", default: false },
  bus: { type: "string" },
  store: { type: "string" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
};

type FollowValues = {
  readonly "no-wait": boolean;
  readonly bus?: string | undefined;
  readonly store?: string | undefined;
  readonly json: boolean;
};

/** Throws `usage` with one line that says what to do. */
export function followOptions(values: FollowValues): FollowOptions {
  const { bus, json, store = null } = values;
  return { natsUrl: natsUrl(bus), store, wait: !values["no-wait"], json };
}
