import { encodeBytes, encodeDictionary, joined } from "@seedfleet/bencode";

/**
 * A .torrent file of an info dictionary to the bit, and piece layers (BEP 52); without the latter
 * where there are none.
 */
export function metainfoFromInfo(
  infoBytes: Uint8Array,
  layers: readonly (readonly [piecesRoot: Uint8Array, layer: Uint8Array])[],
): Uint8Array {
  const dictionary = encodeDictionary(
    layers.map(([root, layer]) => [root, encodeBytes(layer)] as const),
  );
  return joined(
    encodeDictionary([
      ["info", [infoBytes]],
      ["piece layers", layers.length === 0 ? null : dictionary],
    ]),
  );
}
