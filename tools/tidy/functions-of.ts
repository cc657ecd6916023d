import { codeOf } from "./code-of.ts";

export type FunctionSize = {
  readonly line: number;
  readonly lines: number;
};

export type Signature = {
  readonly line: number;
  readonly name: string;
  /** Each as written, with `_` for what its type or default has in brackets. */
  readonly parameters: readonly string[];
};

/** Blocks that are no function although their line looks like one's first. */
const OTHER_BLOCK = /^\s*(?:\}\s*)?(?:else|if|for|while|switch|do|try|catch|finally|with)\b/;
const FUNCTION_START = /(?:=>|\))\s*\{$|\)(?::\s.*)\s\{$/;

/**
 * How long each function is. Relies on the formatter: a function's last line is the first one that
 * closes a brace at the indent of its first.
 */
export function functionSizes(text: string): readonly FunctionSize[] {
  const lines = codeOf(text).split("\n");
  return lines.flatMap((first, index) => {
    if (!FUNCTION_START.test(first) || OTHER_BLOCK.test(first)) return [];
    const end = `${/^\s*/.exec(first)?.[0] ?? ""}}`;
    const length = lines.slice(index + 1).findIndex((line) => line.startsWith(end)) + 2;
    return [{ line: index + 1, lines: length }];
  });
}

const NOT_A_NAME = new Set(["if", "for", "while", "switch", "catch", "with", "return", "using"]);

/** A name, perhaps type parameters, and the parenthesis that opens the parameters. */
const PARAMETERS_START = /(#?[\w$]+)(?:<[^()]*>)?\(/g;

/** What follows the parameters of a declaration but not the arguments of a call. */
const BODY_START = /^(?::\s[^;]*?)?\s\{/;

/** The parameters of each named function, method and constructor. */
export function signatures(text: string): readonly Signature[] {
  const code = codeOf(text);
  return [...code.matchAll(PARAMETERS_START)].flatMap((match) => {
    const open = match.index + match[0].length;
    const close = closingParenthesis(code, open);
    const name = match[1] ?? "";
    const after = code.slice(close + 1, code.indexOf("\n", close));
    if (NOT_A_NAME.has(name) || !BODY_START.test(after)) return [];
    const line = code.slice(0, match.index).split("\n").length;
    return [{ line, name, parameters: parametersOf(code.slice(open, close)) }];
  });
}

/** A field among the parameters has a name after its modifiers; a destructured one has a brace. */
const PARAMETER_PROPERTY = /^(?:(?:private|public|protected|readonly|override) )+[\w$]/;

/** The constructors that declare fields among their parameters, with those parameters. */
export function parameterProperties(text: string): readonly Signature[] {
  return signatures(text).flatMap((signature) => {
    const { name, parameters } = signature;
    const properties = parameters.filter((parameter) => PARAMETER_PROPERTY.test(parameter));
    if (name !== "constructor" || properties.length === 0) return [];
    return [{ ...signature, parameters: properties }];
  });
}

function closingParenthesis(code: string, open: number): number {
  let depth = 1;
  let at = open;
  for (; at < code.length && depth > 0; at += 1) {
    if (code[at] === "(") depth += 1;
    if (code[at] === ")") depth -= 1;
  }
  return at - 1;
}

/** Brackets with none inside. */
const BRACKETS = /\([^(){}<>[\]]*\)|\{[^(){}<>[\]]*\}|<[^(){}<>[\]]*>|\[[^(){}<>[\]]*\]/g;

/** Splits at the commas between parameters, not at those inside a type, a pattern or a default. */
function parametersOf(list: string): readonly string[] {
  // The formatter puts spaces around a comparison, which is no bracket.
  let flat = list.replaceAll(/=>| [<>]=? /g, "");
  for (let before = ""; before !== flat; ) {
    before = flat;
    flat = flat.replaceAll(BRACKETS, "_");
  }
  const parameters = flat.split(",").map((parameter) => parameter.trim());
  return parameters.filter((parameter) => parameter !== "");
}
