/**
 * What a terminal obeys instead of showing it: escape sequences of either width, ends of lines, and
 * what turns the direction of writing. A lone surrogate is no character at all.
 */
const OBEYED = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Bidi_Control}]/gu;

/** Longer than any honest name or comment, and still to be read in one go. */
const TEXT_LENGTH_MAX = 2_048;

/** The text of a stranger, fit for a terminal: one line, and what would be obeyed is spelt out. */
export function printable(text: string): string {
  const spelt = text
    .slice(0, TEXT_LENGTH_MAX)
    .replace(OBEYED, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
  const left = text.length - TEXT_LENGTH_MAX;
  return left > 0 ? `${spelt}… and ${left} characters more` : spelt;
}
