import { type ConfigSchema, defineConfig, list } from "@seedfleet/runtime";

export type PieceStoreConfig = {
  /** What it may publish from; empty: nothing. */
  readonly roots: readonly string[];
};

/** The piece-store's own settings; those every service has come from `libs/service`. */
export const pieceStoreConfig: ConfigSchema<PieceStoreConfig> = defineConfig({
  roots: list({
    env: "SEEDFLEET_PIECE_STORE_ROOTS",
    doc: `The directories and files it may publish, separated by ":", with all that lies under
them. Whoever may ask it to publish can make anything there public.`,
    default: [],
  }),
});
