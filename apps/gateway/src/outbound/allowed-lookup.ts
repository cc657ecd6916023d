import { type LookupAddress, lookup as systemLookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import type { OutboundRule } from "./outbound-rule.ts";

/** The code of an error where a name leads only to addresses that are not gone to. */
export const ADDRESS_NOT_ALLOWED = "SEEDFLEET_ADDRESS_NOT_ALLOWED";

/** All addresses of a name. */
export type ResolveName = (
  host: string,
  done: (error: NodeJS.ErrnoException | null, addresses: readonly LookupAddress[]) => void,
) => void;

export const resolveBySystem: ResolveName = (host, done) => {
  systemLookup(host, { all: true }, (error, addresses) => done(error, addresses ?? []));
};

/**
 * Resolves names for connections (`lookup` of `net.connect`) to allowed addresses alone. A rule
 * that looked at the name before would be led astray by one that resolves otherwise the next time.
 * Hosts that are addresses are never looked up: ask `mayConnect` of those first.
 */
export function allowedLookup(
  rule: OutboundRule,
  resolve: ResolveName = resolveBySystem,
): LookupFunction {
  return (host, options, done) => {
    resolve(host, (error, addresses) => {
      if (error !== null) return done(error, []);
      const wanted = addresses.filter(({ address, family }) => {
        const isOfFamily = !options.family || familyNumber(options.family) === family;
        return isOfFamily && rule.allows(address);
      });
      const [first] = wanted;
      if (first === undefined) return done(notAllowed(host), []);
      if (options.all) return done(null, [...wanted]);
      done(null, first.address, first.family);
    });
  };
}

/** The allowed addresses of a host, in the order the system gives them. Rejects where none is. */
export function allowedAddresses(
  rule: OutboundRule,
  host: string,
  resolve: ResolveName = resolveBySystem,
): Promise<readonly LookupAddress[]> {
  const { promise, resolve: give, reject } = Promise.withResolvers<readonly LookupAddress[]>();
  const judge = (addresses: readonly LookupAddress[]): void => {
    const allowed = addresses.filter(({ address }) => rule.allows(address));
    if (allowed.length === 0) reject(notAllowed(host));
    else give(allowed);
  };
  const family = isIP(host);
  if (family !== 0) judge([{ address: host, family }]);
  else resolve(host, (error, addresses) => (error === null ? judge(addresses) : reject(error)));
  return promise;
}

/** False for an address that is not gone to; a name may be tried, by way of `allowedLookup`. */
export function mayConnect(rule: OutboundRule, host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, "$1");
  return isIP(bare) === 0 || rule.allows(bare);
}

function familyNumber(family: number | "IPv4" | "IPv6"): number {
  if (typeof family === "number") return family;
  return family === "IPv4" ? 4 : 6;
}

function notAllowed(host: string): NodeJS.ErrnoException {
  const error = new Error(`Cannot go to ${host}: its address is not one this gateway goes to`);
  return Object.assign(error, { code: ADDRESS_NOT_ALLOWED });
}
