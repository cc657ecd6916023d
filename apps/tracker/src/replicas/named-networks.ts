import { SeedfleetError } from "@seedfleet/runtime";
import { Networks } from "../addresses/networks.ts";

export type NetworkInvalid = {
  readonly code: "network-invalid";
  readonly env: string;
  readonly text: string;
};

/** The networks that a setting names. Throws `network-invalid` on the first that is none. */
export function namedNetworks(texts: readonly string[], env: string): Networks {
  const networks = Networks.parse(texts);
  if (networks instanceof Networks) return networks;
  const text = networks.invalid;
  const detail: NetworkInvalid = { code: "network-invalid", env, text };
  throw new SeedfleetError(
    `Cannot use "${text}" in ${env}: it is no network such as 10.0.0.0/8 or 2001:db8::/32`,
    detail,
  );
}
