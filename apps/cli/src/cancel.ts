import { openIngestJobs } from "@seedfleet/fleet";
import { SeedfleetError } from "@seedfleet/runtime";
import { cancelMirror } from "./cancel-mirror.ts";
import type { CancelOptions } from "./cancel-options.ts";
import { connectFleet, type Fleet } from "./fleet-connection.ts";
import { printable } from "./printable.ts";

/** `seedfleet cancel`: cancels a job or a mirror of a running fleet. */
export async function cancel(options: CancelOptions, print: (text: string) => void): Promise<void> {
  await using fleet = await connectFleet("cancel", options.natsUrl);
  const { infoHash } = options;
  if (infoHash === null) await cancelJob(fleet, options, print);
  else await cancelMirror(fleet, { ...options, infoHash }, print);
}

/** Doing so twice is harmless. Throws where there is no such job or it has ended otherwise. */
export async function cancelJob(
  { bus, clock }: Pick<Fleet, "bus" | "clock">,
  { job: id, json }: Pick<CancelOptions, "job" | "json">,
  print: (text: string) => void,
): Promise<void> {
  const jobs = await openIngestJobs({ bus, clock });
  const job = await jobs.cancel(id);
  if (job === null) {
    throw new SeedfleetError(`Cannot cancel ${id}: there is no such job; see seedfleet jobs`, {
      code: "job-unknown",
    });
  }
  const { state, request } = job;
  if (state !== "cancelled") {
    const message = `Cannot cancel ${id}: it has ended already, ${state}`;
    throw new SeedfleetError(message, { code: "job-ended" });
  }
  // Whoever is told must be told before we go.
  await bus.flush();
  const { locations } = request;
  const [location = ""] = locations;
  if (json) print(`${JSON.stringify({ event: "cancelled", id, locations })}\n`);
  else print(`Cancelled ${id}  ${printable(location)}\n`);
}
