/** What a slash may follow if it begins a regular expression rather than divides. */
const BEFORE_REGEX = String.raw`(?<=(?:^|[=(,:[!&|?{};]|=>|return)\s*)`;

const COMMENT = String.raw`\/\/.*|\/\*[^]*?\*\/`;
const STRING = String.raw`"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'`;
const TEMPLATE = String.raw`${"`"}(?:\\[^]|\$\{(?:[^{}]|\{[^{}]*\})*\}|[^${"`"}\\])*${"`"}`;
const REGEX_CLASS = String.raw`\[(?:\\.|[^\]\\\n])*\]`;
const REGEX = String.raw`${BEFORE_REGEX}\/(?![*\/])(?:\\.|${REGEX_CLASS}|[^\/\\\n])+\/[a-z]*`;

const NOT_CODE = new RegExp([COMMENT, STRING, TEMPLATE, REGEX].join("|"), "gm");

/** The code alone: comments are blank and texts empty, so that words in them break no rule. */
export function codeOf(text: string): string {
  return text.replaceAll(NOT_CODE, (match) => {
    const lines = match.replaceAll(/[^\n]/g, "");
    return match.startsWith("/") ? lines : `""${lines}`;
  });
}

export type Rule = { readonly pattern: RegExp; readonly instead: string };

/** One line for each place in `text` where a rule is broken. Patterns must be global. */
export function broken(path: string, text: string, rules: readonly Rule[]): readonly string[] {
  return rules.flatMap(({ pattern, instead }) =>
    [...text.matchAll(pattern)].map((match) => {
      const line = text.slice(0, match.index).split("\n").length;
      return `${path}:${line} has "${match[0].trim()}": ${instead}`;
    }),
  );
}
