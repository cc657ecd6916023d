export { type PieceStoreConfig, pieceStoreConfig } from "./config.ts";
export { examineDirectory } from "./examine-store.ts";
export { HashPool, type HashPoolConfig } from "./hashing/hash-pool.ts";
export {
  type NamedPieceStoreConfig,
  type PieceStorePorts,
  type RunningPieceStore,
  startPieceStore,
} from "./piece-store.ts";
