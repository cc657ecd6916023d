export { announcePresence, type PresenceAnnouncer } from "./announce-presence.ts";
export {
  type Budgets,
  type BudgetTable,
  type BudgetWatch,
  FLEET_BUDGET,
  labelBudget,
  labelOfBudget,
  openBudgets,
} from "./budgets.ts";
export { type Catalog, type CatalogChange, type DecideEntry, openCatalog } from "./catalog.ts";
export {
  packDecisions,
  packRoundPeers,
  type RoundPeer,
  unpackDecisions,
  unpackRoundPeers,
} from "./choke-round-columns.ts";
export {
  hasEnded,
  type IngestJobs,
  type IngestUpdate,
  ingestJobId,
  openIngestJobs,
} from "./ingest-jobs.ts";
export { isUnderOrigin } from "./is-under-origin.ts";
export { PresenceBoard } from "./presence-board.ts";
export { rendezvous } from "./rendezvous.ts";
export { type PresenceWatch, watchPresence } from "./watch-presence.ts";
