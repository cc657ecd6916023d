import { equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import type { Content } from "@seedfleet/content";
import { errorCode } from "@seedfleet/runtime";
import { VirtualClock } from "@seedfleet/testkit";
import { HttpContentSource } from "./http-content-source.ts";
import { REDIRECT_MS_MAX, REDIRECTS_MAX } from "./http-limits.ts";
import { GivenOrigin } from "./testing.ts";

async function read(content: Content): Promise<string> {
  const into = Buffer.alloc(5);
  await content.read([{ file: 0, offsetBytes: 0, lengthBytes: 5 }], into);
  return into.toString("latin1");
}

/** A mirror that has the file, and an origin that sends everyone there. */
async function givenMirror(): Promise<
  AsyncDisposable & { origin: GivenOrigin; mirror: GivenOrigin }
> {
  const mirror = await GivenOrigin.start({ real: "01234" });
  const origin = await GivenOrigin.start();
  origin.plan("a", { kind: "redirect", to: mirror.at("real?signature=secret") });
  return {
    origin,
    mirror,
    async [Symbol.asyncDispose]() {
      await origin[Symbol.asyncDispose]();
      await mirror[Symbol.asyncDispose]();
    },
  };
}

test("a listing keeps the location, whatever it redirects to", async () => {
  await using given = await givenMirror();
  const { origin } = given;
  await using source = new HttpContentSource({ clock: new VirtualClock(), allowed: () => true });
  const listing = await source.list(origin.at("a"));
  equal(listing.path, origin.at("a"));
  equal(listing.name, "a");
  equal(listing.sizeBytes, 5);
});

test("a redirect is asked for again by each listing, and by reads after a while", async () => {
  await using given = await givenMirror();
  const { origin, mirror } = given;
  const clock = new VirtualClock();
  await using source = new HttpContentSource({ clock, allowed: () => true });
  const content = source.open(await source.list(origin.at("a")));
  await source.list(origin.at("a"));
  equal(origin.requests.items.length, 2);
  equal(await read(content), "01234");
  clock.advance(REDIRECT_MS_MAX - 1);
  equal(await read(content), "01234");
  equal(origin.requests.items.length, 2);
  clock.advance(1);
  equal(await read(content), "01234");
  equal(origin.requests.items.length, 3);
  equal(mirror.requests.items.length, 5);
});

test("a redirect whose place fails is asked for again before anything is said", async () => {
  for (const status of [403, 404, 412]) {
    await using given = await givenMirror();
    const { origin, mirror } = given;
    await using source = new HttpContentSource({ clock: new VirtualClock(), allowed: () => true });
    const content = source.open(await source.list(origin.at("a")));
    mirror.plan("real", { kind: "status", status }, 1);
    equal(await read(content), "01234");
    equal(origin.requests.items.length, 2);

    mirror.plan("real", { kind: "status", status });
    const code = status === 403 ? "content-unreadable" : "content-changed";
    await rejects(read(content), (error: Error) => {
      equal(errorCode(error), code);
      return !error.message.includes("secret") && error.message.includes(origin.at("a"));
    });
  }
});

test("a redirect to what is not allowed is not followed", async () => {
  await using given = await givenMirror();
  const { origin, mirror } = given;
  const { origin: own } = new URL(origin.at());
  const asked: string[] = [];
  const allowed = (url: URL): boolean => {
    asked.push(url.href);
    return url.origin === own;
  };
  await using source = new HttpContentSource({ clock: new VirtualClock(), allowed });
  await rejects(
    source.list(origin.at("a")),
    (error: Error) =>
      errorCode(error) === "content-unreadable" &&
      error.message.endsWith(`redirects to ${mirror.at("real")}?…, which is not allowed here`),
  );
  equal(asked.join(), mirror.at("real?signature=secret"));
  equal(mirror.requests.items.length, 0);
});

test("redirects are followed so often and not in a circle", async () => {
  await using origin = await GivenOrigin.start({ [`r${REDIRECTS_MAX}`]: "01234" });
  await using source = new HttpContentSource({ clock: new VirtualClock(), allowed: () => true });
  for (let hop = 0; hop < REDIRECTS_MAX; hop += 1) {
    origin.plan(`r${hop}`, { kind: "redirect", to: `r${hop + 1}` });
  }
  equal((await source.list(origin.at("r0"))).sizeBytes, 5);
  origin.plan("loop", { kind: "redirect", to: "loop" });
  await rejects(source.list(origin.at("loop")), /it redirects more than 5 times$/);
  equal(origin.requests.items.filter(({ target }) => target === "/loop").length, 6);
});
