import type { BusContract } from "../bus-contracts.ts";

export const SERVICES = [
  "gateway",
  "tracker",
  "choking-scheduler",
  "piece-store",
  "console",
] as const;

/** The operator's commands, which also back up and restore every bucket. */
export const OPERATOR = "cli";

export const USERS: readonly string[] = [...SERVICES, OPERATOR];

/** Subjects that one user of NATS may publish to, and subscribe to; all else is refused. */
export type Permissions = {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
};

/** Whom a route means besides the users by name. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  "every process": USERS,
  all: USERS,
};

/**
 * What one user needs by the contracts. Answers come to an inbox that only its user may listen at,
 * and only those who answer that user, or have a stream of it, may publish there.
 */
export function permissionsFor(user: string, contracts: readonly BusContract[]): Permissions {
  const answers = [...inboxesToAnswer(user, contracts)].map(inboxOf);
  // Whoever uses JetStream asks first whether it is there.
  const publish = ["$JS.API.INFO", ...answers];
  const subscribe = [inboxOf(user)];
  for (const contract of contracts) {
    const sends = members(contract.from).includes(user);
    const hears = members(contract.to).includes(user);
    if (isStore(contract)) {
      const access = {
        reads: sends || hears || user === OPERATOR,
        writes: sends || user === OPERATOR,
      };
      publish.push(...storeSubjects(contract, { ...access, hears }));
      continue;
    }
    if (sends) publish.push(ownSubject(contract.subject, user));
    if (hears) subscribe.push(contract.subject.replaceAll(PARAMETER, "*"));
  }
  return { publish: distinct(publish), subscribe: distinct(subscribe) };
}

const PARAMETER = /\{\w+\}/g;

function inboxOf(user: string): string {
  return `_INBOX_${user}.>`;
}

/** Those who ask this user, and of streams also those who answer it, for more. */
function inboxesToAnswer(user: string, contracts: readonly BusContract[]): ReadonlySet<string> {
  const inboxes = new Set<string>();
  for (const { kind, from, to } of contracts) {
    if (kind !== "call" && kind !== "stream") continue;
    if (members(to).includes(user)) for (const asker of members(from)) inboxes.add(asker);
    if (kind !== "stream" || !members(from).includes(user)) continue;
    for (const answerer of members(to)) inboxes.add(answerer);
  }
  return inboxes;
}

function members(route: readonly string[]): readonly string[] {
  return route.flatMap((name) => GROUPS[name] ?? [name]);
}

/** A role in a subject is the publisher's own; any other parameter is any. */
function ownSubject(subject: string, user: string): string {
  return subject.replace("{role}", user).replaceAll(PARAMETER, "*");
}

function isStore({ kind }: BusContract): boolean {
  return kind === "key-value" || kind === "objects" || kind === "queue";
}

type Access = {
  readonly reads: boolean;
  readonly writes: boolean;
  /** Of a queue: works on its jobs. */
  readonly hears: boolean;
};

/** The API of JetStream names the stream in the subject, so a user's part of it can be given. */
function storeSubjects({ kind, subject }: BusContract, access: Access): readonly string[] {
  if (!access.reads) return [];
  const stream = { "key-value": `KV_${subject}`, objects: `OBJ_${subject}` }[kind as "objects"];
  if (stream === undefined) return queueSubjects(subject, access);
  const api = "$JS.API";
  const subjects = [
    // Whoever comes first makes it; of one that is there nothing is changed.
    `${api}.STREAM.CREATE.${stream}`,
    `${api}.STREAM.INFO.${stream}`,
    `${api}.STREAM.MSG.GET.${stream}`,
    `${api}.CONSUMER.CREATE.${stream}.>`,
    `${api}.CONSUMER.INFO.${stream}.*`,
    `${api}.CONSUMER.DELETE.${stream}.*`,
    `$JS.FC.${stream}.>`,
  ];
  if (!access.writes) return subjects;
  if (kind === "key-value") return [...subjects, `$KV.${subject}.>`];
  return [...subjects, `${api}.STREAM.PURGE.${stream}`, `$O.${subject}.>`];
}

function queueSubjects(name: string, { writes, hears }: Access): readonly string[] {
  const stream = `QUEUE_${name}`;
  const api = "$JS.API";
  const subjects = [`${api}.STREAM.CREATE.${stream}`, `${api}.STREAM.INFO.${stream}`];
  if (writes) subjects.push(`seedfleet-queue.${name}.*`);
  if (!hears) return subjects;
  return [
    ...subjects,
    `${api}.CONSUMER.CREATE.${stream}.>`,
    `${api}.CONSUMER.DURABLE.CREATE.${stream}.*`,
    `${api}.CONSUMER.INFO.${stream}.*`,
    `${api}.CONSUMER.MSG.NEXT.${stream}.*`,
    `$JS.ACK.${stream}.>`,
  ];
}

function distinct(subjects: readonly string[]): readonly string[] {
  return [...new Set(subjects)].toSorted();
}
