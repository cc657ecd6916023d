import { errorMessage } from "@seedfleet/runtime";
import type { Log } from "@seedfleet/telemetry";
import type { Usage } from "./usage-ledger.ts";
import type { UserDirectory } from "./user-directory.ts";

export type UserTold =
  | { readonly kind: "user"; readonly id: string; readonly passkeyHash: string | null }
  | { readonly kind: "users-known" };

/** Tells of who may announce, now and as it changes. */
export async function tellUsers(
  users: UserDirectory,
  tell: (told: UserTold) => void,
): Promise<{ readonly known: boolean; stop(): void }> {
  let known = false;
  const watch = await users.watch((change) => {
    if (change.kind === "user") {
      const { id, passkeyHash, revokedAtMs } = change.user;
      tell({ kind: "user", id, passkeyHash: revokedAtMs === null ? passkeyHash : null });
    } else {
      known = true;
      tell({ kind: "users-known" });
    }
  });
  return {
    get known() {
      return known;
    },
    stop: () => watch.stop(),
  };
}

/** Adds what users moved to their totals, and keeps it for later while the bus cannot take it. */
export class UsageWriter {
  readonly #users: UserDirectory;
  readonly #log: Log;
  readonly #waiting = new Map<string, Usage>();
  #writing: Promise<void> = Promise.resolve();
  #failing = false;

  constructor(users: UserDirectory, log: Log) {
    this.#users = users;
    this.#log = log;
  }

  add(usage: readonly Usage[]): void {
    for (const each of usage) this.#wait(each);
    this.#writing = this.#writing.then(() => this.#write());
  }

  /** Resolves when what was added is written, or could not be. */
  settled(): Promise<void> {
    return this.#writing;
  }

  async #write(): Promise<void> {
    for (const usage of [...this.#waiting.values()]) {
      this.#waiting.delete(usage.user);
      try {
        await this.#users.addUsage(usage);
        this.#failing = false;
      } catch (error) {
        if (!this.#failing) {
          this.#log.warn("totals of users wait: they cannot be written", {
            reason: errorMessage(error),
          });
        }
        this.#failing = true;
        this.#wait(usage);
        return;
      }
    }
  }

  #wait({ user, uploadedBytes, downloadedBytes }: Usage): void {
    const waiting = this.#waiting.get(user);
    this.#waiting.set(user, {
      user,
      uploadedBytes: uploadedBytes + (waiting?.uploadedBytes ?? 0),
      downloadedBytes: downloadedBytes + (waiting?.downloadedBytes ?? 0),
    });
  }
}
