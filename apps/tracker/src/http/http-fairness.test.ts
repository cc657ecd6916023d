import { equal, ok } from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { systemClock } from "@seedfleet/runtime";
import { Gathered, turn } from "@seedfleet/testkit";
import { ANSWERS_PER_TURN_MAX } from "./http-limits.ts";
import { type HttpListener, listenHttp } from "./http-listener.ts";
import { givenHandler } from "./testing.ts";

/** As many as come in one read. */
const MANY = 2_000;

/** Each such reply is handed over by itself. */
const LONG_REPLY_BYTES = 20_000;

test("listenHttp() answers others between the many requests of one client", async () => {
  const paths = new Gathered<string>();
  await using listener = await givenListener((path) => {
    // Now they wait both: they say this before the first one is answered.
    if (paths.items.length === 0) few.write(asking("/few"));
    paths.add(path);
    return 10;
  });
  const few = await open(listener);
  const many = await open(listener);
  many.resume().write(asking("/many").repeat(MANY));
  await paths.count(MANY + 1);
  const before = paths.items.indexOf("/few");
  ok(before <= 3 * ANSWERS_PER_TURN_MAX, `${before} others were answered first`);
  few.destroy();
  many.destroy();
});

test("listenHttp() answers a client no more that is gone", async () => {
  let answered = 0;
  await using listener = await givenListener(() => {
    answered += 1;
    if (answered === 1) gone.resetAndDestroy();
    return LONG_REPLY_BYTES;
  });
  const gone = await open(listener);
  gone.write(asking("/gone").repeat(MANY));
  while (answered === 0 || listener.connectionCount > 0) await turn();
  // The second is written behind the first, which fails.
  equal(answered, 2);
});

function asking(path: string): string {
  return `GET ${path} HTTP/1.1\r\n\r\n`;
}

/** Answers a path by so many bytes. */
async function givenListener(bytesOf: (path: string) => number): Promise<HttpListener> {
  const at = { host: "127.0.0.1", port: 0 };
  const listener = await listenHttp({ clock: systemClock }, at, { connectionsMax: 8 });
  listener.handle(
    givenHandler(({ request: { bytes, pathFrom, pathTo } }, output) => {
      output.raw(new Uint8Array(bytesOf(bytes.toString("latin1", pathFrom, pathTo))));
      return "written";
    }),
  );
  return listener;
}

/** It reads nothing until it is told to. */
async function open({ port }: HttpListener): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}
