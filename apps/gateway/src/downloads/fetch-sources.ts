import { type Clock, delay } from "@seedfleet/runtime";
import type { OpenMirrorSources } from "./mirror-sources.ts";

/** Where mirrors get their metadata, peers and bytes from besides the peers that are named. */
export function fetchSources({ clock }: { readonly clock: Clock }): OpenMirrorSources {
  return () => ({
    reason: null,
    start() {},
    async metadata(_peers, signal) {
      while (!signal.aborted) await delay(clock, 1_000);
      return null;
    },
    downloading() {},
    completed() {},
    async stop() {},
  });
}
