import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { test } from "node:test";
import { unmanageCall } from "@seedfleet/contracts";
import { cancelMirror } from "./cancel-mirror.ts";
import { givenEntry, givenInfoHash, givenSource } from "./fleet-testing.ts";
import { GivenMirroring, givenMirror, givenSeed } from "./mirror-testing.ts";
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

test("seedfleet mirrors tells what is announced of what is complete", async () => {
  await using given = new GivenMirroring();
  const seeds = await given.seeds();
  await seeds.add(givenSeed());
  await seeds.add(givenSeed({ infoHash: givenInfoHash("1"), trackers: [], dht: true, sinceMs: 2 }));
  equal(
    await listed(given, false),
    `debian  ${givenInfoHash("1")}
  complete, announced in the DHT: no gateway is running
  AGO
debian  ${HASH}
  complete, announced to 2 trackers: no gateway is running
  AGO
`,
  );
  for (const id of ["gateway-1", "gateway-2", "gateway-3"]) {
    await given.announce(id, { role: "gateway" });
  }
  const [first] = (await listed(given, false)).split("\n").slice(1);
  match(first ?? "", /^ {2}complete, announced in the DHT by gateway-\d, gateway-\d$/);
  const [, told] = eventsOf(await listed(given, true));
  deepEqual([told?.event, told?.["infoHash"], told?.["dht"]], ["announced", HASH, false]);
  ok(Array.isArray(told?.["gateways"]) && told["gateways"].length === 2);
});

test("seedfleet cancel ends that what is complete is announced, and nothing else", async () => {
  await using given = new GivenMirroring();
  const [mirrors, seeds] = [await given.mirrors(), await given.seeds()];
  await (await given.catalog()).publish(givenEntry("debian"), new Uint8Array());
  await seeds.add(givenSeed());
  await mirrors.add(givenMirror({ purpose: "restore" }));
  const options = { infoHash: HASH, json: false, delete: false };
  await cancelMirror(given, options, given.print);
  equal((await seeds.list()).length, 1, "what was restored was announced before");
  await cancelMirror(given, options, given.print);
  deepEqual(await seeds.list(), []);
  equal((await (await given.catalog()).list()).length, 1);
  deepEqual(given.printed, [
    "Cancelled the mirror of debian\n",
    "Ended that debian is announced to its swarm; it is seeded as before\n",
  ]);
  await rejects(cancelMirror(given, options, given.print), { detail: { code: "mirror-unknown" } });
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
    `{"event":"cancelled","infoHash":"${HASH}","name":null,"deleted":false,"unannounced":false}\n`,
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
  const seeds = await given.seeds();
  await seeds.add(givenSeed());
  await cancelMirror(given, options, given.print);
  deepEqual(await seeds.list(), []);
  deepEqual(asked, [`store-1 ${HASH}, mirrors 0`, `store-9 ${HASH}, mirrors 0`]);
  deepEqual(given.printed, [
    "Cancelled the mirror of debian, and deleted what was there\n",
    "Deleted debian\n",
  ]);
  await mirrors.add(givenMirror({ purpose: "restore" }));
  await rejects(cancelMirror(given, options, given.print), {
    message: `Cannot cancel ${HASH}: it is restored: the fleet had it whole`,
  });
  equal((await mirrors.list()).length, 1);
});
