import { equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { JetStreamApiError } from "@nats-io/jetstream";
import { TimeoutError } from "@nats-io/transport-node";
import { advanceUntil, VirtualClock } from "@seedfleet/testkit";
import type { Connection } from "./connection.ts";
import { OPEN_MS_MAX, openInStore } from "./open-in-store.ts";

function apiError(code: number, status: number): JetStreamApiError {
  return new JetStreamApiError({ code: status, err_code: status * 100 + code, description: "no" });
}

function given(clock: VirtualClock): Connection {
  const connection: Pick<Connection, "clock" | "status"> = { clock, status: "connected" };
  return connection as Connection;
}

/** Fails with these errors, one after the other, and then opens. */
function opening(errors: readonly Error[]): { open(): Promise<string>; readonly tries: number } {
  let tries = 0;
  return {
    async open() {
      const error = errors[tries];
      tries += 1;
      if (error !== undefined) throw error;
      return "open";
    },
    get tries() {
      return tries;
    },
  };
}

test("openInStore() waits until somebody leads again", async () => {
  const clock = new VirtualClock();
  const store = opening([new TimeoutError(), apiError(8, 503), new TimeoutError()]);
  const opened = openInStore(given(clock), "bucket", store.open);
  equal(await advanceUntil(clock, 100, opened), "open");
  equal(store.tries, 4);
});

test("openInStore() gives up after a while", async () => {
  const clock = new VirtualClock();
  const beganMs = clock.nowMs();
  const store = opening(Array.from({ length: 1_000 }, () => apiError(8, 503)));
  const opened = openInStore(given(clock), "bucket", store.open);
  const failed = rejects(opened, { message: 'Cannot open in bucket "bucket"' });
  await advanceUntil(clock, 100, failed);
  equal(clock.nowMs() - beganMs >= OPEN_MS_MAX, true);
  equal(store.tries > 10 && store.tries < 1_000, true, `${store.tries} tries`);
});

test("openInStore() does not try again what stays as it is", async () => {
  for (const error of [apiError(47, 500), apiError(0, 400), new Error("not enabled")]) {
    const store = opening([error]);
    await rejects(openInStore(given(new VirtualClock()), "bucket", store.open));
    equal(store.tries, 1);
  }
});
