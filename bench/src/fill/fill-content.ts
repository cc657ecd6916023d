import { type ContentFile, makeContentFile } from "../content-file.ts";

/** What is to be filled. */
export type FillContent = ContentFile & { readonly pieceLengthBytes: number };

export async function makeFillContent(
  { sizeMib, pieceKib }: { readonly sizeMib: number; readonly pieceKib: number },
  running: AsyncDisposableStack,
): Promise<FillContent> {
  const content = await makeContentFile({ sizeMib }, running);
  return { ...content, pieceLengthBytes: pieceKib * 1024 };
}
