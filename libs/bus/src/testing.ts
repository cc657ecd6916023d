import type { Schema } from "./definitions.ts";

/** A schema for tests that accepts what `accepts` accepts, and names `expected` in its issue. */
export function givenSchema<Value>(
  expected: string,
  accepts: (value: unknown) => value is Value,
): Schema<Value> {
  return {
    "~standard": {
      version: 1,
      vendor: "seedfleet-testing",
      validate: (value) =>
        accepts(value) ? { value } : { issues: [{ message: `it is not ${expected}` }] },
    },
  };
}

export const anyText: Schema<string> = givenSchema(
  "text",
  (value): value is string => typeof value === "string",
);

export const anyNumber: Schema<number> = givenSchema(
  "a number",
  (value): value is number => typeof value === "number",
);
