export { type GatewayConfig, gatewayConfig } from "./config.ts";
export { type BoundGateway, bindGateway, type RunningGateway, startGateway } from "./gateway.ts";
export { PieceCache } from "./piece-cache.ts";
export { PieceFills } from "./piece-fills.ts";
export { pieceReader } from "./read-piece.ts";
export { Torrent } from "./torrent.ts";
