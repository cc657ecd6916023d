import type { Field } from "./config-field.ts";
import { SeedfleetError } from "./errors.ts";
import { nearestName } from "./nearest-name.ts";

export type ConfigInvalid = { readonly code: "config-invalid"; readonly key: string };

export function settingInvalid(
  field: Pick<Field<unknown>, "env" | "allowed" | "secret">,
  text: string,
): SeedfleetError<ConfigInvalid> {
  const value = field.secret ? "the value" : JSON.stringify(text);
  return new SeedfleetError(`Cannot use ${field.env}: ${value} is not ${field.allowed}`, {
    code: "config-invalid",
    key: field.env,
  });
}

export function settingUnknown(
  key: string,
  known: readonly string[],
): SeedfleetError<ConfigInvalid> {
  const nearest = nearestName(key, known);
  const hint = nearest === null ? "--print-config lists them" : `did you mean ${nearest}?`;
  return new SeedfleetError(`Cannot use ${key}: there is no such setting (${hint})`, {
    code: "config-invalid",
    key,
  });
}
