import { randomBytes } from "node:crypto";
import type { Bus, KeyValue } from "@seedfleet/bus";
import {
  TRACKER_TOTALS_BUCKET,
  TRACKER_USER_BUCKET,
  type TrackerTotals,
  type TrackerUser,
  trackerTotals,
  trackerUser,
} from "@seedfleet/contracts";
import type { Clock } from "@seedfleet/runtime";
import type { Log } from "@seedfleet/telemetry";
import { passkeyHash } from "./passkeys.ts";
import type { Usage } from "./usage-ledger.ts";

/** Two trackers that write one user's totals at once try again; so often, and it is a bug. */
const WRITE_ATTEMPTS_MAX = 16;

const NOTHING: TrackerTotals = { uploadedBytes: 0, downloadedBytes: 0 };

/** A user as the API shows one: never with the passkey. */
export type ListedUser = Omit<TrackerUser, "passkeyHash"> & TrackerTotals;

/** The users of a private tracker, in the bus's durable stores, so that all trackers have them. */
export type UserDirectory = {
  /** The passkey is given here and never again: only its hash is kept. */
  create(name: string): Promise<{ readonly user: TrackerUser; readonly passkey: string }>;
  /** From now on the passkey announces nothing; the totals stay. Null if there is no such user. */
  revoke(id: string): Promise<TrackerUser | null>;
  find(id: string): Promise<ListedUser | null>;
  list(): Promise<ListedUser[]>;
  /** Tells every user that is there, then `initialised`, then every change. */
  watch(handle: (change: UserChange) => void): Promise<{ stop(): void }>;
  /** Adds to what users have moved. Rejects with the bus's errors; nothing is added twice. */
  addUsage(usage: Usage): Promise<void>;
};

export type UserChange =
  | { readonly kind: "user"; readonly user: TrackerUser }
  | { readonly kind: "initialised" };

export async function openUserDirectory(bus: Bus, clock: Clock, log: Log): Promise<UserDirectory> {
  const users = await bus.keyValue(TRACKER_USER_BUCKET);
  const totals = await bus.keyValue(TRACKER_TOTALS_BUCKET);
  const read = (key: string, value: Uint8Array): TrackerUser | null => {
    const parsed = trackerUser.safeParse(parseJson(value));
    if (parsed.success) return parsed.data;
    log.error("tracker user unreadable", { key, reason: parsed.error.message });
    return null;
  };
  const find = async (id: string): Promise<TrackerUser | null> => {
    const found = await users.get(id);
    return found === null ? null : read(found.key, found.value);
  };
  const listed = async (user: TrackerUser): Promise<ListedUser> => {
    const { passkeyHash: _, ...shown } = user;
    return { ...shown, ...((await readTotals(totals, user.id)).totals ?? NOTHING) };
  };
  return {
    async create(name) {
      const passkey = randomBytes(16).toString("hex");
      const user: TrackerUser = {
        id: randomBytes(8).toString("hex"),
        name,
        passkeyHash: passkeyHash(passkey),
        createdAtMs: clock.nowMs(),
        revokedAtMs: null,
      };
      await users.put(user.id, json(user));
      return { user, passkey };
    },
    async revoke(id) {
      const user = await find(id);
      if (user === null || user.revokedAtMs !== null) return user;
      const revoked = { ...user, revokedAtMs: clock.nowMs() };
      await users.put(id, json(revoked));
      return revoked;
    },
    async find(id) {
      const user = await find(id);
      return user === null ? null : await listed(user);
    },
    async list() {
      const all: ListedUser[] = [];
      for await (const id of users.keys()) {
        const user = await find(id);
        if (user !== null) all.push(await listed(user));
      }
      return all.toSorted((a, b) => a.createdAtMs - b.createdAtMs);
    },
    watch: (handle) =>
      users.watch((change) => {
        if (change.kind === "initialised") handle({ kind: "initialised" });
        const user = change.kind === "put" ? read(change.key, change.value) : null;
        if (user !== null) handle({ kind: "user", user });
      }),
    addUsage: (usage) => addUsage(totals, usage),
  };
}

async function addUsage(totals: KeyValue, usage: Usage): Promise<void> {
  for (let attempt = 0; attempt < WRITE_ATTEMPTS_MAX; attempt += 1) {
    const { totals: before, revision } = await readTotals(totals, usage.user);
    const after: TrackerTotals = {
      uploadedBytes: capped((before ?? NOTHING).uploadedBytes + usage.uploadedBytes),
      downloadedBytes: capped((before ?? NOTHING).downloadedBytes + usage.downloadedBytes),
    };
    if ((await totals.update(usage.user, json(after), revision)) !== null) return;
  }
  throw new Error(`the totals of ${usage.user} changed ${WRITE_ATTEMPTS_MAX} times meanwhile`);
}

async function readTotals(
  bucket: KeyValue,
  user: string,
): Promise<{ readonly totals: TrackerTotals | null; readonly revision: number }> {
  const found = await bucket.get(user);
  if (found === null) return { totals: null, revision: 0 };
  const parsed = trackerTotals.safeParse(parseJson(found.value));
  return { totals: parsed.success ? parsed.data : null, revision: found.revision };
}

/** Clients say what they like; beyond this a number is not exact any more. */
function capped(bytes: number): number {
  return Math.min(bytes, Number.MAX_SAFE_INTEGER);
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

function parseJson(value: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(value));
  } catch {
    return null;
  }
}
