import assert from "node:assert/strict";
import type { Field } from "./config-field.ts";
import { settingInvalid, settingUnknown } from "./config-invalid.ts";

/** Every setting of the fleet begins so; one that nobody knows stops the start. */
const PREFIX = "SEEDFLEET_";

/** Fields by name; a schema among them becomes a group. */
export type ConfigShape = { readonly [name: string]: Field<unknown> | ConfigSchema<unknown> };

/** The object a shape is read into. */
export type ConfigOf<Shape extends ConfigShape> = {
  readonly [Name in keyof Shape]: Shape[Name] extends Field<infer Value>
    ? Value
    : Shape[Name] extends ConfigSchema<infer Group>
      ? Group
      : never;
};

/** The settings of one app, or of a group of them. Made by `defineConfig`. */
export interface ConfigSchema<Config> {
  readonly fields: readonly Field<unknown>[];
  build(read: <Value>(field: Field<Value>) => Value): Config;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Two fields may share a key (two groups use one bus) if they agree on the default. */
export function defineConfig<const Shape extends ConfigShape>(
  shape: Shape,
): ConfigSchema<ConfigOf<Shape>> {
  const members = Object.entries(shape);
  const fields = members.flatMap(([, member]) => ("fields" in member ? member.fields : [member]));
  for (const field of fields) {
    assert(field.env.startsWith(PREFIX));
    const first = fields.find(({ env }) => env === field.env);
    assert.equal(first && defaultText(first), defaultText(field), `two defaults: ${field.env}`);
  }
  return {
    fields,
    build(read) {
      const values = members.map(([name, member]) => [
        name,
        "fields" in member ? member.build(read) : read(member),
      ]);
      return Object.freeze(Object.fromEntries(values)) as ConfigOf<Shape>;
    },
  };
}

/** Reads the settings once, at the start. Throws `config-invalid` on the first that is wrong. */
export function loadConfig<Config>(schema: ConfigSchema<Config>, env: Environment): Config {
  const known = new Set(schema.fields.map((field) => field.env));
  for (const key of Object.keys(env)) {
    if (key.startsWith(PREFIX) && !known.has(key)) throw settingUnknown(key, [...known]);
  }
  return schema.build((field) => readField(field, env[field.env]));
}

/** Every setting with its default, as an environment file that changes nothing. */
export function printConfig(schema: ConfigSchema<unknown>): string {
  const byKey = new Map(schema.fields.map((field) => [field.env, field]));
  const settings = [...byKey.values()].map((field) => {
    const doc = field.doc.replaceAll(/^/gm, "# ");
    return `${doc}\n${field.env}=${defaultText(field)}\n`;
  });
  return settings.join("\n");
}

function readField<Value>(field: Field<Value>, text: string | undefined): Value {
  if (text === undefined || (text === "" && field.default === null)) return field.default;
  const value = field.parse(text);
  if (value === null) throw settingInvalid(field, text);
  return value;
}

function defaultText<Value>(field: Field<Value>): string {
  const value = field.default ?? null;
  return value === null ? "" : field.format(value);
}
