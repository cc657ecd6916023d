import { equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { parseInfoHashV2 } from "@seedfleet/bytes";
import type { CatalogEntry, Mirror } from "@seedfleet/contracts";
import { givenEntry, givenInfoHash } from "./fleet-testing.ts";
import { followMirror } from "./follow-mirror.ts";
import { GivenMirroring, givenMirror } from "./mirror-testing.ts";

/** A mirror that is followed. */
class GivenFollower extends GivenMirroring {
  async follow(mirror: Mirror, signal?: AbortSignal): Promise<Promise<CatalogEntry>[]> {
    const mirrors = await this.mirrors();
    await mirrors.add(mirror);
    const reported = this.until(() => true);
    const ports = { ...this, mirrors, catalog: await this.catalog() };
    const followed = followMirror(ports, mirror, signal);
    await reported;
    // In a list, so that it is not awaited here.
    return [followed];
  }

  async gateway(id: string): Promise<void> {
    await this.announce(id, { role: "gateway" });
  }
}

test("followMirror() says what it waits for until a gateway tells", async () => {
  await using given = new GivenFollower();
  const stopping = new AbortController();
  const waits = given.until(({ reason }) => reason === "no gateway is running");
  const [followed] = await given.follow(givenMirror(), stopping.signal);
  await waits;
  await given.gateway("gateway-1");
  await given.until(({ state, reason }) => state === "waiting" && reason === "for gateway-1");
  given.progress({ state: "metadata", pieceCount: null });
  await given.until(({ state }) => state === "metadata");
  stopping.abort();
  await rejects(followed ?? Promise.resolve(), {
    message: "Stopped following debian: the mirror goes on; see seedfleet mirrors",
    detail: { code: "mirror-unfollowed" },
  });
});

test("followMirror() gives the entry once the catalog says that it is complete", async () => {
  await using given = new GivenFollower();
  const catalog = await given.catalog();
  await catalog.publish(givenEntry("debian", { incomplete: true }), new Uint8Array());
  const [followed] = await given.follow(givenMirror());
  given.progress();
  await given.until(({ havePieces }) => havePieces === 4);
  given.progress({ state: "complete", havePieces: 10 });
  await given.until(({ state }) => state === "complete");
  await catalog.publish(givenEntry("debian"), new Uint8Array());
  equal((await followed)?.name, "debian");
});

test("followMirror() gives the entry once the chosen files are there, no sooner", async () => {
  await using given = new GivenFollower();
  const catalog = await given.catalog();
  await catalog.publish(givenEntry("debian", { incomplete: true }), new Uint8Array());
  const [followed] = await given.follow(givenMirror());
  // As a gateway tells that has not heard of other files yet.
  given.progress({ state: "partial" });
  await given.until(({ state }) => state === "partial");
  given.progress({ state: "downloading", havePieces: 7 });
  await given.until(({ havePieces }) => havePieces === 7);
  given.progress({ state: "partial", havePieces: 8 });
  equal((await followed)?.name, "debian");
});

test("followMirror() ends when the record goes, by whether it is complete", async () => {
  await using given = new GivenFollower();
  const catalog = await given.catalog();
  await catalog.publish(givenEntry("debian", { incomplete: true }), new Uint8Array());
  const [followed] = await given.follow(givenMirror());
  const rejected = rejects(followed ?? Promise.resolve(), {
    message: "Stopped mirroring debian: it was cancelled",
    detail: { code: "mirror-cancelled" },
  });
  await (await given.mirrors()).remove(givenMirror().infoHash);
  await rejected;
});

test("followMirror() of a hybrid's v2 hash goes on by its v1 hash once that is known", async () => {
  await using given = new GivenFollower();
  const infoHashV2 = parseInfoHashV2(`${"cd".repeat(20)}${"00".repeat(12)}`);
  const byV2 = givenMirror({ infoHash: givenInfoHash("cd"), infoHashV2 });
  const [followed] = await given.follow(byV2);
  const mirrors = await given.mirrors();
  const goesOn = given.until(({ infoHash }) => infoHash === givenMirror().infoHash);
  await mirrors.add(givenMirror({ infoHashV2 }));
  await mirrors.remove(byV2.infoHash);
  await goesOn;
  given.progress();
  await given.until(({ havePieces }) => havePieces === 4);
  await (await given.catalog()).publish(givenEntry("debian"), new Uint8Array());
  equal((await followed)?.name, "debian");
});

test("followMirror() fails once every gateway has", async () => {
  await using given = new GivenFollower();
  await given.gateway("gateway-1");
  await given.gateway("gateway-2");
  const [followed] = await given.follow(givenMirror());
  const rejected = rejects(followed ?? Promise.resolve(), {
    message: "Cannot mirror debian: not that torrent; seedfleet cancel ends it",
    detail: { code: "mirror-failed" },
  });
  given.progress({ state: "failed", reason: "not that torrent" });
  await given.until(({ state }) => state === "failed");
  given.progress({ gateway: "gateway-2", state: "paused", reason: "the disk is full" });
  await given.until(({ state, reason }) => state === "paused" && reason === "the disk is full");
  given.progress({ gateway: "gateway-2", state: "failed", reason: "not that torrent" });
  await rejected;
});

test("followMirror() of a restore does not take the entry for its end", async () => {
  await using given = new GivenFollower();
  const catalog = await given.catalog();
  await catalog.publish(givenEntry("debian"), new Uint8Array());
  const [followed] = await given.follow(givenMirror({ purpose: "restore" }));
  given.progress({ havePieces: 9 });
  await given.until(({ havePieces }) => havePieces === 9);
  given.progress({ state: "complete", havePieces: 10 });
  equal((await followed)?.name, "debian");
});
