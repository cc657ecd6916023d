import { deepEqual, equal, match, ok } from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { realPartTest } from "@seedfleet/testkit";
import { eventually } from "./eventually.ts";
import { type GivenTorrent, givenContent, givenTorrent } from "./given-torrent.ts";
import type { RunningProgram } from "./running-program.ts";
import { leave, type StayingClient, stayingAria2, stayingLibtorrent } from "./staying-clients.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { loopbackHost as host } from "./test-host.ts";
import { startTracker, type TrackerReady } from "./tracker-process.ts";

const SIZE_BYTES = 500_000;

/** Of a refusal by UDP libtorrent 2.0.8 tells its user, but not the reason that it was given. */
const says = {
  http: { unknown: /"Passkey is unknown"/, missing: /needs a passkey in the announce URL/ },
  udp: { unknown: /sent a failure message/, missing: /sent a failure message/ },
};

for (const workers of [1, 2]) {
  const how = `a private tracker of ${workers} lets in whoever has a passkey, and counts what \
clients say they moved`;
  realPartTest(["python3-libtorrent", "aria2c"], how, async (t) => {
    await using work = await temporaryDirectory();
    const dataDir = join(work.path, "data");
    const { program, ready } = await startTracker({ host, mode: "private", workers, dataDir });
    await using _program = program;
    const users = await openUsers(ready);
    const alice = await users.create("Alice");
    const bob = await users.create("Bob");
    const directory = await givenContent(join(work.path, "content"), SIZE_BYTES);
    const torrentBy = (url: string, name: string) => givenTorrent(directory, url, name);

    // aria2 does not speak BEP 41, so by UDP nobody knows whose it is.
    await t.test("by HTTP, libtorrent to aria2", async () => {
      const seeding = await torrentBy(alice.http, "alice-http");
      const moved = await download(seeding, await torrentBy(bob.http, "bob-http"), stayingAria2);
      await eventually(() => users.moved(alice), { uploadedBytes: moved.up, downloadedBytes: 0 });
      await eventually(() => users.downloaded(bob), SIZE_BYTES);
    });

    await t.test("by UDP, libtorrent to libtorrent", async () => {
      const before = await users.moved(alice);
      const seeding = await torrentBy(alice.udp, "alice-udp");
      const leeching = await torrentBy(bob.udp, "bob-udp");
      const { up } = await download(seeding, leeching, stayingLibtorrent);
      const uploadedBytes = before.uploadedBytes + up;
      await eventually(() => users.moved(alice), { uploadedBytes, downloadedBytes: 0 });
      await eventually(() => users.downloaded(bob), 2 * SIZE_BYTES);
    });

    await t.test("a passkey that was revoked, is wrong or missing is refused", async () => {
      const before = await users.moved(bob);
      await users.revoke(bob);
      const wrong = "0".repeat(bob.passkey.length);
      for (const name of ["http", "udp"] as const) {
        const url = bob[name];
        const torrent = await torrentBy(url, `revoked-${name}`);
        match(await refusal(torrent), says[name].unknown);
        const other = await torrentBy(url.replace(bob.passkey, wrong), `wrong-${name}`);
        match(await refusal(other), says[name].unknown);
        const none = await torrentBy(url.replace(`${bob.passkey}/`, ""), `none-${name}`);
        match(await refusal(none), says[name].missing);
      }
      deepEqual(await users.moved(bob), before);
    });
    equal(await program.stop(), 0);
  });
}

/** The seed leaves last, so that it tells of all that it sent. Gives what the seed counted. */
async function download(
  seed: GivenTorrent,
  leecher: GivenTorrent,
  client: StayingClient,
): Promise<{ readonly up: number }> {
  const { directory } = seed;
  await using seeding = await stayingLibtorrent.start({ host, torrentFile: seed.file, directory });
  await seeding.line((line) => (line === "tracked" ? true : null));
  const into = `${leecher.file}.made`;
  const options = { host, torrentFile: leecher.file, directory: into };
  await using leeching = await client.start(options);
  await eventually(async () => {
    const made = await readFile(join(into, "content.bin")).catch(() => Buffer.alloc(0));
    return made.equals(await readFile(join(directory, "content.bin")));
  }, true);
  await leave(leeching);
  await leave(seeding);
  const up = movedBy(seeding);
  ok(up >= SIZE_BYTES, `the seed sent ${up} bytes`);
  return { up };
}

function movedBy({ lines }: RunningProgram): number {
  const [, up = ""] = /^moved (\d+) \d+$/.exec(lines.at(-1) ?? "") ?? [];
  return Number(up);
}

/** What libtorrent's user is told of the tracker. */
async function refusal(torrent: GivenTorrent): Promise<string> {
  const options = { host, torrentFile: torrent.file, directory: torrent.directory };
  await using client = await stayingLibtorrent.start(options);
  // Awaited, or it would be ended at once.
  return await client.line((line) => /^refused (.*)$/.exec(line)?.[1] ?? null);
}

type User = {
  readonly id: string;
  readonly passkey: string;
  readonly http: string;
  readonly udp: string;
};

type Moved = { readonly uploadedBytes: number; readonly downloadedBytes: number };

type Users = {
  create(name: string): Promise<User>;
  moved(user: User): Promise<Moved>;
  downloaded(user: User): Promise<number>;
  revoke(user: User): Promise<void>;
};

/** The API, by the address and the token file that the tracker told. */
async function openUsers({ apiUrl, apiTokenFile }: TrackerReady): Promise<Users> {
  const token = (await readFile(apiTokenFile ?? "", "utf8")).trim();
  const ask = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${apiUrl}/users${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    ok(response.ok, `${method} /users${path} gave ${response.status}`);
    return response.status === 204 ? "" : response.text();
  };
  const moved = async ({ id }: User): Promise<Moved> => {
    const { users } = JSON.parse(await ask("GET", ""));
    const found = users.find((user: { readonly id: string }) => user.id === id);
    const { uploadedBytes, downloadedBytes } = found;
    return { uploadedBytes, downloadedBytes };
  };
  return {
    async create(name) {
      const { id, passkey, announceUrls } = JSON.parse(await ask("POST", "", { name }));
      const [http, udp] = announceUrls;
      return { id, passkey, http, udp };
    },
    moved,
    downloaded: async (user) => (await moved(user)).downloadedBytes,
    async revoke({ id }) {
      await ask("DELETE", `/${id}`);
    },
  };
}
