import assert from "node:assert/strict";

/** More chunks under way than this is a stream without flow control. */
export const CHUNKS_IN_FLIGHT_LIMIT = 1_024;

/** A subject token longer than this is no name of ours. */
const TOKEN_LENGTH_MAX = 128;

const TOKEN = new RegExp(`^[-_a-zA-Z0-9]{1,${TOKEN_LENGTH_MAX}}$`);

/** `{gateway}` in a subject: `SubjectParams<"a.{x}.b.{y}">` is `"x" | "y"`. */
export type SubjectParams<Subject extends string> =
  Subject extends `${string}{${infer Name}}${infer Rest}` ? Name | SubjectParams<Rest> : never;

/** A value for each parameter: one token, of `[-_a-zA-Z0-9]`. */
export type Params<Subject extends string> = { readonly [Name in SubjectParams<Subject>]: string };

/**
 * The part of Standard Schema (standardschema.dev) the bus needs; Zod and others give it. The bus
 * checks on both sides, so a schema must accept what it gives: it may brand, but not transform.
 */
export interface Schema<Output> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string }[] };

/** Something that happened, told to whoever listens: a value that fits a schema, or bytes. */
export type BusEvent<Subject extends string, Payload> = {
  readonly kind: "event";
  readonly subject: Subject;
  readonly payload: Schema<Payload> | "bytes";
};

/** A question with one answer. */
export type Call<Subject extends string, Request, Reply> = {
  readonly kind: "call";
  readonly subject: Subject;
  readonly request: Schema<Request>;
  readonly reply: Schema<Reply>;
  readonly timeoutMs: number;
};

/** A question answered by a stream: of values where `chunk` is a schema, else of bytes. */
export type StreamCall<Subject extends string, Request, Chunk> = {
  readonly kind: "stream";
  readonly subject: Subject;
  readonly request: Schema<Request>;
  readonly chunk: Schema<Chunk> | "bytes";
  /** The longest silence between two chunks, and the longest the asker may leave one untaken. */
  readonly timeoutMs: number;
  /** How many chunks may be under way before the asker has taken the first. */
  readonly chunksInFlightMax: number;
};

export function defineEvent<const Subject extends string, Payload = Uint8Array>(
  event: Omit<BusEvent<Subject, Payload>, "kind">,
): BusEvent<Subject, Payload> {
  return { kind: "event", ...event };
}

export function defineCall<const Subject extends string, Request, Reply>(
  call: Omit<Call<Subject, Request, Reply>, "kind">,
): Call<Subject, Request, Reply> {
  return { kind: "call", ...call };
}

export function defineStream<const Subject extends string, Request, Chunk = Uint8Array>(
  call: Omit<StreamCall<Subject, Request, Chunk>, "kind">,
): StreamCall<Subject, Request, Chunk> {
  assert(call.chunksInFlightMax >= 1 && call.chunksInFlightMax <= CHUNKS_IN_FLIGHT_LIMIT);
  return { kind: "stream", ...call };
}

/** The subject with its parameters filled in, to publish. Throws on what is not a token. */
export function subjectFor<Subject extends string>(
  subject: Subject,
  params: Params<Subject>,
): string {
  const values: Readonly<Record<string, string>> = params;
  return subject.replaceAll(/\{(\w+)\}/g, (_, name: string) => token(values[name] ?? ""));
}

/** The subject to subscribe to: a parameter that is not given matches every value. */
export function patternFor<Subject extends string>(
  subject: Subject,
  params: Partial<Params<Subject>>,
): string {
  const values: Readonly<Record<string, string | undefined>> = params;
  return subject.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    return value === undefined ? "*" : token(value);
  });
}

/** The parameters a subject was filled with, the inverse of `subjectFor`, or null if it was not. */
export function paramsOf<Subject extends string>(
  definition: Subject,
  subject: string,
): Params<Subject> | null {
  const tokens = subject.split(".");
  const parts = definition.split(".");
  if (tokens.length !== parts.length) return null;
  const params: Record<string, string> = {};
  for (const [index, part] of parts.entries()) {
    const value = tokens[index] ?? "";
    if (!part.startsWith("{")) {
      if (part !== value) return null;
    } else {
      if (!TOKEN.test(value)) return null;
      params[part.slice(1, -1)] = value;
    }
  }
  return params as Params<Subject>;
}

function token(value: string): string {
  if (TOKEN.test(value)) return value;
  throw new TypeError(`Cannot use as a subject token: "${value}"`);
}
