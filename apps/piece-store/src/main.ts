import { runFleetService } from "@seedfleet/service";
import { pieceStoreConfig } from "./config.ts";
import { startPieceStore } from "./piece-store.ts";

await runFleetService("piece-store", pieceStoreConfig, startPieceStore);
