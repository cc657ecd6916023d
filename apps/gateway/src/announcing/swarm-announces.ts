import {
  type AnnounceFields,
  type AnnounceStep,
  NUM_WANT,
  TrackerTiers,
  type TrackerUrl,
  trackerLabel,
  withoutSecrets,
} from "@seedfleet/announce";
import type { InfoHash } from "@seedfleet/bytes";
import type { CancelTimer } from "@seedfleet/runtime";
import { type AnnounceOutcome, failureOf } from "./announce-outcome.ts";
import type {
  ShownTracker,
  TrackerAnnouncesEvents,
  TrackerAnnouncesOptions,
  TrackerAnnouncesPorts,
} from "./tracker-announces.ts";

/** How often a download is asked whether it wants peers, while none are due. */
const LOOK_INTERVAL_MS = 15_000;

type SwarmOptions = Omit<TrackerAnnouncesOptions, "infoHashes"> & { readonly infoHash: InfoHash };

/** The announces of one info hash. */
export class SwarmAnnounces {
  readonly #ports: TrackerAnnouncesPorts;
  readonly #options: SwarmOptions;
  #events: TrackerAnnouncesEvents;
  #isSeed = false;
  readonly #tiers: TrackerTiers;
  readonly #stopping = new AbortController();
  /** Trackers whose failure was said, so that it is not said again. */
  readonly #said = new Set<string>();
  #cancelTimer: CancelTimer = () => {};

  constructor(ports: TrackerAnnouncesPorts, options: SwarmOptions, events: TrackerAnnouncesEvents) {
    this.#ports = ports;
    this.#options = options;
    this.#events = events;
    this.#tiers = new TrackerTiers(options.trackers, ports.chance, ports.clock.nowMs());
  }

  start(): void {
    this.#look();
  }

  completed(): void {
    this.#tiers.completed(this.#ports.clock.nowMs());
    this.#look();
  }

  /** It is whole and goes on being announced, for whom is told instead from now on. */
  seed(events: TrackerAnnouncesEvents): void {
    this.#events = events;
    this.#isSeed = true;
    this.#tiers.seed(this.#ports.clock.nowMs());
    this.#look();
  }

  /** Ends, and leaves it to others what trackers believe. */
  drop(): void {
    this.#cancelTimer();
    this.#stopping.abort();
    this.#tiers.stop();
  }

  /** Never rejects; gives up when `late` aborts. */
  async stop(late: AbortSignal): Promise<void> {
    this.#cancelTimer();
    this.#stopping.abort();
    const { clients } = this.#ports;
    const told = this.#tiers.stop().map((step) => {
      return clients.announce({ tracker: step.tracker, fields: this.#fields(step) }, late);
    });
    await Promise.all(told);
  }

  status(): readonly ShownTracker[] {
    const { infoHash } = this.#options;
    return this.#tiers.status().map(({ tracker, ...known }) => {
      return { infoHash, url: trackerLabel(tracker), ...known };
    });
  }

  #look(): void {
    if (this.#stopping.signal.aborted) return;
    this.#cancelTimer();
    const { clock } = this.#ports;
    const nowMs = clock.nowMs();
    const step = this.#tiers.next(nowMs, { wantsPeers: this.#events.wantsPeers() });
    if (step.kind === "announce") return void this.#announce(step);
    if (step.untilMs === null) return;
    const untilMs = step.untilMs - nowMs;
    // By then a download may want peers, which it does not now.
    const delayMs = this.#isSeed ? untilMs : Math.min(untilMs, LOOK_INTERVAL_MS);
    this.#cancelTimer = clock.after(delayMs, () => this.#look());
  }

  async #announce(step: AnnounceStep): Promise<void> {
    const { tracker } = step;
    const { clients } = this.#ports;
    const { signal } = this.#stopping;
    const outcome = await clients.announce({ tracker, fields: this.#fields(step) }, signal);
    if (signal.aborted) return;
    this.#tell(tracker, outcome);
    this.#look();
  }

  #tell(tracker: TrackerUrl, outcome: AnnounceOutcome): void {
    const { clock, log, clients } = this.#ports;
    const { infoHash } = this.#options;
    const said = { tracker: trackerLabel(tracker), infoHash };
    if (outcome.kind === "reply") {
      const warning = plainText(outcome.warning, tracker);
      this.#tiers.answered({ ...outcome, warning }, clock.nowMs());
      this.#said.delete(tracker.href);
      const peers = outcome.peers.filter(({ host }) => clients.rule.allows(host));
      log.debug("tracker answered", { ...said, peers: peers.length });
      if (peers.length > 0) this.#events.peers(peers);
      return;
    }
    const { reason, retryInMs } = failureOf(outcome);
    const plain = plainText(reason, tracker);
    this.#tiers.failed({ reason: plain, retryInMs }, clock.nowMs());
    const level = this.#said.has(tracker.href) ? "debug" : "info";
    this.#said.add(tracker.href);
    log[level]("tracker does not take announces", { ...said, reason: plain });
  }

  #fields({ event: next, trackerId }: AnnounceStep): AnnounceFields {
    const { infoHash, peerId, port, key } = this.#options;
    const { isPartial = false, ...counts } = this.#events.counts();
    const saysPaused = isPartial && (next === null || next === "started");
    const event = saysPaused ? "paused" : next;
    // Who is whole is gone to.
    const numWant = event === "stopped" || counts.leftBytes === 0 ? 0 : NUM_WANT;
    return { infoHash, peerId, port, key, ...counts, event, numWant, trackerId };
  }
}

/** Without the passkey, which trackers like to repeat. */
function plainText<Text extends string | null>(text: Text, tracker: TrackerUrl): Text | string {
  return text === null ? text : withoutSecrets(text, tracker);
}
