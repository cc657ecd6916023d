import { delimiter } from "node:path";
import { formatBytes, formatDurationMs, parseBytes, parseDurationMs } from "./quantity.ts";

/** One setting: where it is read, what it may be, and what it is when nobody says. */
export interface Field<Value> {
  readonly env: string;
  readonly doc: string;
  readonly default: Value;
  /** What a value must be, to end the sentence `"x" is not …`. */
  readonly allowed: string;
  /** A secret's value never appears in a message. */
  readonly secret: boolean;
  /** Null for a text that is not allowed. Never called with the empty text of an absent value. */
  parse(text: string): Value | null;
  format(value: NonNullable<Value>): string;
}

/** `default: null` makes a setting optional: absent or empty, it is null. */
export type FieldOptions<Default> = {
  readonly env: string;
  readonly doc: string;
  readonly default: Default;
};

export type Range = { readonly min?: number; readonly max?: number };

/** `Value`, or also null when the default is null. */
type Optional<Value, Default> = Value | Extract<Default, null>;

export function text<const Default extends string | null>(
  options: FieldOptions<Default>,
): Field<Optional<string, Default>> {
  return field<string, Default>(options, {
    allowed: "a text of at least one character",
    parse: (value) => (value === "" ? null : value),
  });
}

/** An absolute URL; kept as it was written. */
export function url<const Default extends string | null>(
  options: FieldOptions<Default>,
): Field<Optional<string, Default>> {
  return field<string, Default>(options, {
    allowed: "a URL",
    parse: (value) => (URL.canParse(value) ? value : null),
  });
}

/** A text that is not printed, quoted in a message or given a default. */
export function secret(options: Omit<FieldOptions<null>, "default">): Field<string | null> {
  return { ...text({ ...options, default: null }), secret: true };
}

export function integer<const Default extends number | null>(
  options: FieldOptions<Default> & Range,
): Field<Optional<number, Default>> {
  return field<number, Default>(options, {
    allowed: `an integer${rangeText(options, String)}`,
    parse: (value) => (/^-?\d{1,15}$/.test(value) ? within(options, Number(value)) : null),
  });
}

/** A TCP or UDP port; 0 lets the system choose a free one. */
export function port<const Default extends number | null>(
  options: FieldOptions<Default>,
): Field<Optional<number, Default>> {
  return integer({ ...options, min: 0, max: 65_535 });
}

/** A share of a whole, from 0 to 1. */
export function ratio<const Default extends number | null>(
  options: FieldOptions<Default>,
): Field<Optional<number, Default>> {
  return field<number, Default>(options, {
    allowed: "a number from 0 to 1",
    parse: (value) =>
      /^\d*\.?\d+$/.test(value) ? within({ min: 0, max: 1 }, Number(value)) : null,
  });
}

/** A number of bytes, plain (`1048576`) or with a binary unit (`1MiB`). */
export function bytes<const Default extends number | null>(
  options: FieldOptions<Default> & Range,
): Field<Optional<number, Default>> {
  return field<number, Default>(options, {
    allowed: `a number of bytes${rangeText(options, formatBytes)}, as 65536 or 256MiB`,
    parse: (value) => within(options, parseBytes(value)),
    format: formatBytes,
  });
}

/** A duration in milliseconds, plain (`1500`) or with a unit (`1500ms`, `30s`, `5m`, `2h`). */
export function durationMs<const Default extends number | null>(
  options: FieldOptions<Default> & Range,
): Field<Optional<number, Default>> {
  return field<number, Default>(options, {
    allowed: `a duration${rangeText(options, formatDurationMs)}, as 500ms, 30s, 5m or 2h`,
    parse: (value) => within(options, parseDurationMs(value)),
    format: formatDurationMs,
  });
}

export function boolean(options: FieldOptions<boolean>): Field<boolean> {
  return field<boolean, boolean>(options, {
    allowed: "true or false",
    parse: (value) => (value === "true" ? true : value === "false" ? false : null),
  });
}

export function oneOf<const Choice extends string, const Default extends NoInfer<Choice> | null>(
  choices: readonly Choice[],
  options: FieldOptions<Default>,
): Field<Optional<Choice, Default>> {
  return field<Choice, Default>(options, {
    allowed: `one of ${choices.join(", ")}`,
    parse: (value) => choices.find((choice) => choice === value) ?? null,
  });
}

/** Texts separated as in PATH (or by `separator`); the empty text is the empty list. */
export function list(
  options: FieldOptions<readonly string[]> & { readonly separator?: string },
): Field<readonly string[]> {
  const separator = options.separator ?? delimiter;
  return field<readonly string[], readonly string[]>(options, {
    allowed: `a list separated by "${separator}"`,
    parse: (value) => Object.freeze(value.split(separator).filter((item) => item !== "")),
    format: (value) => value.join(separator),
  });
}

type Kind<Value> = {
  readonly allowed: string;
  readonly parse: (text: string) => Value | null;
  readonly format?: (value: Value) => string;
};

function field<Value, Default extends Value | null>(
  options: FieldOptions<Default>,
  kind: Kind<Value>,
): Field<Optional<Value, Default>> {
  const { env, doc } = options;
  // A literal default must not narrow the field: `default: 6881` is a field of any number.
  const byDefault = options.default as Optional<Value, Default>;
  const format = kind.format ?? String;
  const { allowed, parse } = kind;
  return { env, doc, default: byDefault, allowed, secret: false, parse, format };
}

function within({ min = -Infinity, max = Infinity }: Range, value: number | null): number | null {
  return value !== null && value >= min && value <= max ? value : null;
}

function rangeText({ min, max }: Range, format: (value: number) => string): string {
  const from = min === undefined ? "" : ` from ${format(min)}`;
  return max === undefined ? from : `${from} to ${format(max)}`;
}
