export { announcePresence, type Examine, type PresenceAnnouncer } from "./announce-presence.ts";
export {
  type AnnouncedSeeds,
  type AnnouncedSeedsFull,
  type AnnouncedSeedWatch,
  openAnnouncedSeeds,
  seedOf,
} from "./announced-seeds.ts";
export {
  type Budgets,
  type BudgetTable,
  type BudgetWatch,
  FLEET_BUDGET,
  labelBudget,
  labelOfBudget,
  openBudgets,
} from "./budgets.ts";
export {
  type Catalog,
  type CatalogChange,
  type DecideEntry,
  type FoundTorrentEntry,
  openCatalog,
} from "./catalog.ts";
export { anyTorrent, checkFleet } from "./check-fleet.ts";
export {
  packDecisions,
  packRoundPeers,
  type RoundPeer,
  reasonWithAge,
  unpackDecisions,
  unpackRoundPeers,
} from "./choke-round-columns.ts";
export { decisionText } from "./decision-text.ts";
export { type ExplainedPeer, explainPeer } from "./explain-peer.ts";
export {
  hasEnded,
  type IngestJobs,
  type IngestUpdate,
  ingestJobId,
  openIngestJobs,
} from "./ingest-jobs.ts";
export { isUnderOrigin } from "./is-under-origin.ts";
export { mergeTiers } from "./merge-mirrors.ts";
export {
  type AddedMirror,
  gatewaysOf,
  type Mirrors,
  type MirrorsFull,
  type MirrorWatch,
  mirrorNamed,
  openMirrors,
  otherNameOf,
} from "./mirrors.ts";
export { PresenceBoard } from "./presence-board.ts";
export { rendezvous } from "./rendezvous.ts";
export { parseSoughtPeer } from "./sought-peer.ts";
export { type PresenceWatch, watchPresence } from "./watch-presence.ts";
export { whyText } from "./why-text.ts";
