import { basename, resolve } from "node:path";
import { BenchError } from "../bench-error.ts";

/** A seeder to measure: this checkout, another one of Seedfleet, or libtorrent. */
export type SeederName =
  | {
      readonly kind: "seedfleet";
      readonly checkout: string | null;
      /** How many threads its gateway has for peers. */
      readonly workers: number;
    }
  | { readonly kind: "libtorrent" };

/** What a seeder is called in tables. */
export function seederLabel(name: SeederName): string {
  if (name.kind === "libtorrent") return "libtorrent";
  const label = name.checkout === null ? "seedfleet" : `seedfleet=${basename(name.checkout)}`;
  return name.workers === 1 ? label : `${label} ×${name.workers}`;
}

/**
 * The seeders of `--peers`, those of ours once with each number of workers. The first makes the
 * `.torrent` for all. Throws a `BenchError` that says what is wrong.
 */
export function seederNames(peers: string, workers: readonly number[]): readonly SeederName[] {
  const names = peers.split(",").flatMap((value): readonly SeederName[] => {
    if (value === "libtorrent") return [{ kind: "libtorrent" }];
    const [, own, other] = /^(seedfleet)(?:=(.+))?$/.exec(value) ?? [];
    if (own === undefined) {
      throw new BenchError(`--peers are seedfleet, libtorrent and seedfleet=DIR, not "${value}"`);
    }
    const checkout = other === undefined ? null : resolve(other);
    return workers.map((count) => ({ kind: "seedfleet", checkout, workers: count }));
  });
  if (names[0]?.kind === "seedfleet") return names;
  throw new BenchError("--peers begins with seedfleet, which makes the .torrent for all");
}
