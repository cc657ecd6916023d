import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { functionSizes, parameterProperties, signatures } from "./functions-of.ts";

const SAMPLE = `
export function one(a: Map<string, number>, { b, c }: Options = {}): number {
  if (a.size > 1) {
    return b(c, a, 1, 2);
  }
  return 1;
}

export async function two<Value extends object>(
  first: Value,
  second: (a: number, b: number) => void,
  ...third: readonly string[]
): Promise<{ readonly value: Value }> {
  await second(1, 2);
}

class Three {
  #four(a: number, b: number, c: number, d: number): void {
    this.five = (e) => {
      return e;
    };
  }
}
`;

test("functionSizes() measures functions, methods and arrows, and no other block", () => {
  deepEqual(functionSizes(SAMPLE), [
    { line: 2, lines: 6 },
    { line: 13, lines: 3 },
    { line: 18, lines: 5 },
    { line: 19, lines: 3 },
  ]);
});

test("signatures() lists parameters, and no arguments", () => {
  deepEqual(signatures(SAMPLE), [
    { line: 2, name: "one", parameters: ["a: Map_", "_: Options = _"] },
    {
      line: 9,
      name: "two",
      parameters: ["first: Value", "second: _  void", "...third: readonly string_"],
    },
    {
      line: 18,
      name: "#four",
      parameters: ["a: number", "b: number", "c: number", "d: number"],
    },
  ]);
});

const constructors = [
  {
    given: "a field",
    parameters: "private readonly x: number",
    then: ["private readonly x: number"],
  },
  { given: "a type with readonly members", parameters: "{ x }: { readonly x: number }", then: [] },
  {
    given: "that type over lines, with a default",
    parameters: "{\n  x,\n}: {\n  readonly x: number;\n} = { x: 1 > 2 ? 1 : 2 }",
    then: [],
  },
  { given: "a readonly array", parameters: "x: readonly string[]", then: [] },
] as const;

for (const { given, parameters, then } of constructors) {
  test(`parameterProperties() given ${given}`, () => {
    const found = parameterProperties(`class A {\n  constructor(${parameters}) {\n  }\n}`);
    deepEqual(
      found.flatMap((each) => each.parameters),
      then,
    );
  });
}
