export { announcePresence, type PresenceAnnouncer } from "./announce-presence.ts";
export { type Catalog, type CatalogChange, openCatalog } from "./catalog.ts";
export { PresenceBoard } from "./presence-board.ts";
export { rendezvous } from "./rendezvous.ts";
export { type PresenceWatch, watchPresence } from "./watch-presence.ts";
