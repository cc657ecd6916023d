export { BLOCK_BYTES, type TorrentShape } from "./block-map.ts";
export type { Asked, BegunPiece, Blame, PickerConfig, Received } from "./picker-model.ts";
export type { Block, PickerPeer } from "./picker-peer.ts";
export { PiecePicker } from "./piece-picker.ts";
export { type Chance, PRIORITY_DEFAULT, PRIORITY_MAX } from "./rarity-order.ts";
export {
  type DownloadProgress,
  isSlow,
  isTimedOut,
  PIECE_TIMEOUT_MS,
  queueLength,
  REQUEST_TIMEOUT_MS,
  REQUESTS_OUT_MAX,
} from "./request-queue.ts";
