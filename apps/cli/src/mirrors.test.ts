import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { unmanageCall } from "@seedfleet/contracts";
import { cancelMirror } from "./cancel-mirror.ts";
import { givenEntry, givenInfoHash, givenSource } from "./fleet-testing.ts";
import { GivenMirroring, givenMirror } from "./mirror-testing.ts";
import { listMirrors } from "./mirrors.ts";
import { eventsOf } from "./testing.ts";

const HASH = givenInfoHash("ab");

/** As what is printed, whenever. */
async function listed(given: GivenMirroring, json: boolean): Promise<string> {
  await listMirrors(given, { json, print: given.print, listenMs: 0 });
  return given.printed
    .splice(0)
    .join("")
    .replaceAll(/\d+ h \d+ min ago/g, "AGO");
}

test("seedfleet mirrors given none says so, and as JSON nothing", async () => {
  await using given = new GivenMirroring();
  equal(await listed(given, false), "Nothing is mirrored\n");
  equal(await listed(given, true), "");
});

test("seedfleet mirrors tells how each is, the oldest first", async () => {
  await using given = new GivenMirroring();
  const mirrors = await given.mirrors();
  const unknown = givenMirror({ infoHash: givenInfoHash("1"), name: null, purpose: "restore" });
  await mirrors.add({ ...unknown, addedAtMs: 2_000 });
  await mirrors.add(givenMirror({ name: null }));
  equal(
    await listed(given, false),
    `not known yet  ${HASH}
  waiting: no gateway is running
  to store-1, AGO
not known yet  ${unknown.infoHash}  restored
  waiting: no gateway is running
  to store-1, AGO
`,
  );
  await mirrors.remove(unknown.infoHash);
  await given.announce("gateway-1", { role: "gateway" });
  // It listens from when it has read the records on; before, it is told in vain.
  const listing = listed(given, false);
  const telling = new AbortController();
  const tell = async (): Promise<void> => {
    while (!telling.signal.aborted) {
      given.progress({ name: "deb\x07ian" });
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const told = tell();
  equal(
    await listing,
    `deb\\u{7}ian  ${HASH}
  downloading, 40 % of 10 pieces, 16.4 kB/s, 3 peers, 1 seed, 6 s left
  to store-1, AGO
`,
  );
  telling.abort();
  await told;
  const [event] = eventsOf(await listed(given, true));
  deepEqual(
    [event?.event, event?.["infoHash"], event?.["state"], event?.["reason"], event?.["holder"]],
    ["mirror", HASH, "waiting", "nothing new from gateway-1", "store-1"],
  );
});

test("seedfleet mirrors tells of files that were chosen", async () => {
  await using given = new GivenMirroring();
  const choice = { only: ["*.bin", "a\x07"], first: ["README.md"], sequential: false };
  await (await given.mirrors()).add(givenMirror({ choice }));
  const [, , chosen] = (await listed(given, false)).split("\n");
  equal(chosen, "  only *.bin, a\\u{7}; first README.md");
  const [event] = eventsOf(await listed(given, true));
  deepEqual(event?.["choice"], choice);
});

test("seedfleet cancel ends a mirror, and says where there is none", async () => {
  await using given = new GivenMirroring();
  const mirrors = await given.mirrors();
  await mirrors.add(givenMirror());
  await cancelMirror(given, { infoHash: HASH, json: false, delete: false }, given.print);
  deepEqual(await mirrors.list(), []);
  await rejects(cancelMirror(given, { infoHash: HASH, json: false, delete: false }, given.print), {
    message: `Cannot cancel ${HASH}: it is not mirrored; see seedfleet mirrors`,
    detail: { code: "mirror-unknown" },
  });
  await mirrors.add(givenMirror({ name: null }));
  await cancelMirror(given, { infoHash: HASH, json: true, delete: false }, given.print);
  deepEqual(given.printed, [
    "Cancelled the mirror of debian\n",
    `{"event":"cancelled","infoHash":"${HASH}","name":null,"deleted":false}\n`,
  ]);
});

test("seedfleet cancel --delete has the store remove what was downloaded", async () => {
  await using given = new GivenMirroring();
  const mirrors = await given.mirrors();
  const asked: string[] = [];
  given.bus.serve(unmanageCall, {}, async ({ infoHash }, { holder }) => {
    asked.push(`${holder} ${infoHash}, mirrors ${(await mirrors.list()).length}`);
    return { removed: true };
  });
  const options = { infoHash: HASH, json: false, delete: true };
  await mirrors.add(givenMirror());
  await cancelMirror(given, options, given.print);
  const sources = [givenSource("/srv/a", "store-8"), givenSource(`managed:${HASH}`, "store-9")];
  await (await given.catalog()).publish(givenEntry("debian", { sources }), new Uint8Array());
  await cancelMirror(given, options, given.print);
  deepEqual(asked, [`store-1 ${HASH}, mirrors 0`, `store-9 ${HASH}, mirrors 0`]);
  deepEqual(given.printed, [
    "Cancelled the mirror of debian, and deleted what was there\n",
    `Deleted ${HASH}\n`,
  ]);
  await mirrors.add(givenMirror({ purpose: "restore" }));
  await rejects(cancelMirror(given, options, given.print), {
    message: `Cannot cancel ${HASH}: it is restored: the fleet had it whole`,
  });
  equal((await mirrors.list()).length, 1);
});
