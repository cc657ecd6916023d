export { type PieceStoreConfig, pieceStoreConfig } from "./config.ts";
export {
  type NamedPieceStoreConfig,
  type PieceStorePorts,
  type RunningPieceStore,
  startPieceStore,
} from "./piece-store.ts";
