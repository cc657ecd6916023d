import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { recordingTelemetry } from "@seedfleet/telemetry";
import { givenTorrent } from "../testing-torrent.ts";
import { Torrent } from "../torrents/torrent.ts";
import { torrentTeller } from "./tell-torrent.ts";

const ONE = givenTorrent("one");
const { infoHash } = ONE.metainfo;

test("torrentTeller() tells a thread of a torrent whole once, then by its number", async () => {
  const given = new GivenTorrents();
  given.current?.have.remove(2);
  const known = new Map<number, Torrent>();
  const number = given.current?.shelf.serial ?? 0;
  deepEqual(await given.tell(infoHash, known), {
    torrent: number,
    told: { metainfo: ONE.bytes, entry: ONE.entry, gone: [2] },
  });
  deepEqual(await given.tell(infoHash, known), { torrent: number, told: null });
  equal(given.reads, 1);
});

test("torrentTeller() given a torrent forgotten while it was read tells of none", async () => {
  const given = new GivenTorrents();
  given.duringRead = () => {
    given.current = null;
  };
  const known = new Map<number, Torrent>();
  deepEqual(await given.tell(infoHash, known), { refused: "torrent-unknown" });
  equal(known.size, 0);
});

test("torrentTeller() given a torrent published anew while it was read tells of that", async () => {
  const given = new GivenTorrents();
  const { current: old } = given;
  given.duringRead = () => {
    given.duringRead = () => {};
    given.current = new Torrent(ONE.metainfo, ONE.entry);
  };
  const known = new Map<number, Torrent>();
  const told = await given.tell(infoHash, known);
  ok("torrent" in told && given.current !== old);
  equal(told.torrent, given.current?.shelf.serial);
  deepEqual([...known.values()], [given.current]);
});

test("torrentTeller() given a catalog that is away refuses, and knows nothing", async () => {
  const given = new GivenTorrents();
  given.duringRead = () => {
    throw new Error("away");
  };
  const known = new Map<number, Torrent>();
  deepEqual(await given.tell(infoHash, known), { refused: "torrent-unreadable" });
  equal(known.size, 0);
});

class GivenTorrents {
  current: Torrent | null = new Torrent(ONE.metainfo, ONE.entry);
  duringRead: () => void = () => {};
  reads = 0;
  readonly tell = torrentTeller({
    torrents: {
      current: () => this.current,
      find: () =>
        Promise.resolve(
          this.current === null
            ? { kind: "refused", reason: "torrent-unknown" }
            : { kind: "torrent", torrent: this.current },
        ),
    },
    catalog: {
      metainfo: async () => {
        this.reads += 1;
        this.duringRead();
        return ONE.bytes;
      },
    },
    log: recordingTelemetry().log,
  });
}
