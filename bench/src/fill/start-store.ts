import { publishFile } from "../fleet/publish-file.ts";
import { HOLDER, startStoreOverNats } from "../fleet/store-over-nats.ts";
import type { FillContent } from "./fill-content.ts";
import type { StoreSpec } from "./fill-spec.ts";

/** A real nats-server, and on it a piece-store process that has published the content. */
export async function startStore(
  { directory, contentFile, pieceLengthBytes }: FillContent,
  running: AsyncDisposableStack,
): Promise<StoreSpec> {
  const env = { SEEDFLEET_PIECE_STORE_ROOTS: contentFile };
  const { bus, ...store } = await startStoreOverNats(directory, env, running);
  const infoHash = await publishFile(bus, { holder: HOLDER, contentFile, pieceLengthBytes });
  return { bus: "nats", ...store, infoHash };
}
