import type { BlockMap } from "./block-map.ts";
import type { PartialPiece } from "./partial-piece.ts";
import type { Asked } from "./picker-model.ts";
import type { PickerPeer } from "./picker-peer.ts";

/** Takes back what peers are asked for of a piece, and says what it was. */
export function takeAsked(
  begun: PartialPiece,
  blocks: BlockMap,
  peers: ReadonlyMap<number, PickerPeer>,
): readonly Asked[] {
  const taken: Asked[] = [];
  for (let index = 0; index < begun.blockCount; index += 1) {
    const key = blocks.keyAt(begun.piece, index);
    for (const id of begun.askedOf(index)) {
      const peer = peers.get(id);
      if (peer?.asked.delete(key)) taken.push({ peer, block: blocks.blockAt(begun.piece, index) });
    }
  }
  return taken;
}
