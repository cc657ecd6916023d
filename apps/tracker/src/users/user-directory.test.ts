import { deepEqual, equal, match, ok } from "node:assert/strict";
import { test } from "node:test";
import { createBus } from "@seedfleet/bus";
import { openEmbeddedBus } from "@seedfleet/bus-embedded";
import { TRACKER_USER_BUCKET } from "@seedfleet/contracts";
import { silentTelemetry } from "@seedfleet/telemetry";
import { VirtualClock } from "@seedfleet/testkit";
import { PASSKEY, passkeyHash } from "./passkeys.ts";
import { openUserDirectory, type UserChange } from "./user-directory.ts";

test("UserDirectory keeps users by the hash of their passkey, and tells of changes", async (t) => {
  const { bus, users } = await givenDirectory(t);
  const changes: UserChange[] = [];
  const watch = await users.watch((change) => changes.push(change));
  t.after(() => watch.stop());
  const { user, passkey } = await users.create("Alice");
  match(passkey, PASSKEY);
  equal(user.passkeyHash, passkeyHash(passkey));
  const kept = await (await bus.keyValue(TRACKER_USER_BUCKET)).get(user.id);
  ok(kept !== null && !new TextDecoder().decode(kept.value).includes(passkey));

  await users.revoke(user.id);
  equal((await users.find(user.id))?.revokedAtMs, 0);
  equal(await users.revoke("nobody"), null);
  await bus.flush();
  deepEqual(
    changes.map((change) => (change.kind === "user" ? change.user.revokedAtMs : change.kind)),
    ["initialised", null, 0],
  );
});

test("UserDirectory.addUsage() adds up, also of two that write at once", async (t) => {
  const { users } = await givenDirectory(t);
  const { user } = await users.create("Alice");
  const usage = { user: user.id, uploadedBytes: 3, downloadedBytes: 4 };
  await Promise.all([users.addUsage(usage), users.addUsage(usage), users.addUsage(usage)]);
  const [listed] = await users.list();
  equal(listed?.uploadedBytes, 9);
  equal(listed?.downloadedBytes, 12);
  ok(listed !== undefined && !("passkeyHash" in listed));
});

async function givenDirectory(t: { after(done: () => Promise<void>): void }) {
  const clock = new VirtualClock();
  const transport = openEmbeddedBus({ file: null });
  const bus = createBus(transport, { clock, telemetry: silentTelemetry });
  t.after(() => bus.close());
  return { bus, users: await openUserDirectory(bus, clock, silentTelemetry.log) };
}
