import type { Telemetry } from "@seedfleet/telemetry";

/** Shows how far the scrub is. */
export function gaugeScrub(
  { telemetry: { meter } }: { readonly telemetry: Telemetry },
  scrub: { readonly share: number; readonly endedAtMs: number | null },
): void {
  meter.gauge(
    "seedfleet_piece_store_scrub_progress_ratio",
    "How much of the torrents of this round the scrub has checked",
    () => scrub.share,
  );
  meter.gauge(
    "seedfleet_piece_store_scrub_round_end_timestamp_seconds",
    "When the scrub last ended a round over everything, since the Unix epoch; 0 if never",
    () => (scrub.endedAtMs ?? 0) / 1_000,
  );
}
