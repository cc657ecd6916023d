/** BEP 52's least, and the size of one block: a shorter piece could not be requested in blocks. */
export const CHOSEN_PIECE_LENGTH_BYTES_MIN: number = 16 * 1024;

/** Longer pieces make a peer wait long for its first whole one, and a corrupt one costly. */
export const CHOSEN_PIECE_LENGTH_BYTES_MAX: number = 16 * 1024 * 1024;

/** Some 40 KB of hashes, and pieces enough to be rare in different places. */
const PIECES_AIM_MAX = 2_000;

/**
 * The piece length for content of a size: the shortest power of two that makes no more than 2,000
 * pieces, so between 1,000 and 2,000 of them, within 16 KiB and 16 MiB. Content over 31 GiB has
 * more pieces instead of longer ones.
 */
export function choosePieceLengthBytes(sizeBytes: number): number {
  let pieceLengthBytes = CHOSEN_PIECE_LENGTH_BYTES_MIN;
  while (
    sizeBytes / pieceLengthBytes > PIECES_AIM_MAX &&
    pieceLengthBytes < CHOSEN_PIECE_LENGTH_BYTES_MAX
  ) {
    pieceLengthBytes *= 2;
  }
  return pieceLengthBytes;
}
