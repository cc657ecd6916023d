import { basename, resolve } from "node:path";
import { BenchError } from "../bench-error.ts";
import type { HttpTarget } from "./http-requests.ts";
import type { SocketAddress } from "./libc.ts";

/** A tracker to measure: this checkout's, another one's, opentracker, or one that runs already. */
export type TrackerName =
  | { readonly kind: "seedfleet"; readonly checkout: string | null }
  | { readonly kind: "opentracker" }
  | {
      readonly kind: "running";
      readonly pid: number;
      readonly udp: SocketAddress | null;
      readonly http: HttpTarget | null;
    };

/** What a tracker is called in tables. */
export function trackerLabel(name: TrackerName): string {
  if (name.kind === "running") return `process ${name.pid}`;
  if (name.kind === "opentracker" || name.checkout === null) return name.kind;
  return `seedfleet=${basename(name.checkout)}`;
}

/** The trackers of `--peers`. Throws a `BenchError` that says what is wrong. */
export function trackerNames(peers: string): readonly TrackerName[] {
  return peers.split(",").map((value): TrackerName => {
    if (value === "opentracker") return { kind: "opentracker" };
    const [, own, other] = /^(seedfleet)(?:=(.+))?$/.exec(value) ?? [];
    if (own === undefined) {
      throw new BenchError(`--peers are seedfleet, opentracker and seedfleet=DIR, not "${value}"`);
    }
    return { kind: "seedfleet", checkout: other === undefined ? null : resolve(other) };
  });
}

/** `HOST:PORT`, or `udp://HOST:PORT/announce`. */
export function udpAddress(text: string): SocketAddress {
  const url = URL.parse(text.includes("://") ? text : `udp://${text}`);
  if (url?.protocol !== "udp:" || url.port === "") {
    throw new BenchError(`an address by UDP is HOST:PORT, not "${text}"`);
  }
  return { address: url.hostname, port: Number(url.port) };
}

/** `http://HOST:PORT/announce`. */
export function httpTarget(text: string): HttpTarget {
  const url = URL.parse(text);
  if (url?.protocol !== "http:") throw new BenchError(`an announce URL is http://…, not "${text}"`);
  return { host: url.hostname, port: Number(url.port || "80"), path: url.pathname };
}
