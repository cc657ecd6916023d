import { deepEqual, match, ok } from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { givenCertificate, realPartTest } from "@seedfleet/testkit";
import { type FileServer, startFileServer } from "./file-server.ts";
import { type GivenFiles, givenTree } from "./given-content.ts";
import { MirrorFleet, mirroring, peerOption } from "./mirror-fleet.ts";
import type { SeededTorrent } from "./seeded-torrent.ts";
import { logged } from "./seedfleet.ts";
import { type WebSeedOptions, webSeedTorrent } from "./web-seed-torrent.ts";

const PARTS = ["nginx", "openssl", "python3-libtorrent", "nats-server"] as const;
const PIECE_LENGTH_BYTES = 65_536;

/** Names that have to be escaped, each in its own way; one file is more than comes at once. */
const TREE: GivenFiles = {
  "a file with spaces.bin": 3_000_017,
  "empty.txt": 0,
  "nested/deeper/one-byte": 1,
  "nested/名前 — ünïcødé.bin": 300_000,
  "nested/#percent%20&ampersand;'quote'?.bin": 262_144,
  "zz [brackets] (parens) + plus~!*@:$,=.iso": 100_095,
};
const FILE = "one #file% 100%25 – ça va?.iso";
const NAME = "tree & 50% more";

realPartTest(
  PARTS,
  "torrents of a file and of many are mirrored from web seeds alone, over http and https",
  async (t, { openssl }) => {
    await using given = await GivenWeb.start(openssl);
    const { web, fleet } = given;
    const one = { pieceLengthBytes: PIECE_LENGTH_BYTES } as const;
    const path = encodeURIComponent(FILE);
    const torrents = await Promise.all([
      // BEP 19: of one file the URL is the file's, of many that of what they lie in.
      given.single("single", { ...one, version: "v1", webSeeds: [`${web.url}/single/${path}`] }),
      given.single("there", { ...one, version: "v2", webSeeds: [`${web.movedUrl}/there/`] }),
      given.tree("many", { ...one, version: "v1", webSeeds: [`${web.url}/many/`] }),
      given.tree("both", { ...one, version: "hybrid", webSeeds: [`${web.httpsUrl}/both`] }),
      given.tree("v2", { ...one, version: "v2", webSeeds: [`${web.url}/v2/`] }),
    ]);
    for (const torrent of torrents) {
      await fleet.mirror(torrent.torrentFile).succeeded();
      await fleet.expectMirrored(torrent);
      t.diagnostic(`${torrent.directory} is there`);
    }
    deepEqual(given.warnings(), []);
  },
);

realPartTest(
  PARTS,
  "a web seed that sends no ranges, or lies, is left alone, and peers bring the rest",
  async (t, { openssl }) => {
    await using given = await GivenWeb.start(openssl);
    const { web, fleet } = given;
    const one = { version: "v1", pieceLengthBytes: PIECE_LENGTH_BYTES } as const;
    const whole = await given.tree("whole", { ...one, webSeeds: [`${web.wholeUrl}/whole/`] });
    const alone = fleet.mirror(whole.torrentFile);
    const told = await mirroring(alone, ({ reason }) => reason?.includes("no parts") === true);
    match(told.reason ?? "", /^no peer is connected yet; http:.*: it sends no parts of files$/);
    const seed = await fleet.seed(whole);
    await fleet.mirror(whole.torrentFile, ...peerOption(seed)).succeeded();
    await alone.succeeded();
    await fleet.expectMirrored(whole);

    const half = { ...one, pieceLengthBytes: PIECE_LENGTH_BYTES / 2 } as const;
    const lied = await given.tree("lied", { ...half, webSeeds: [`${web.url}/liar/`] });
    await given.lies("liar");
    const honest = await fleet.seed(lied, { upload_rate_limit: 400_000 });
    await fleet.mirror(lied.torrentFile, ...peerOption(honest)).succeeded();
    await fleet.expectMirrored(lied);
    t.diagnostic(given.warnings().join("; "));
    ok(given.warnings().some((reason) => reason === "it sends another content"));
  },
);

/** A fleet of which gateways trust the file server's certificate, and where the files lie. */
class GivenWeb implements AsyncDisposable {
  readonly fleet: MirrorFleet;
  readonly web: FileServer;
  readonly #root: string;
  readonly #stack: AsyncDisposableStack;

  private constructor(
    { fleet, web, root }: { fleet: MirrorFleet; web: FileServer; root: string },
    stack: AsyncDisposableStack,
  ) {
    this.fleet = fleet;
    this.web = web;
    this.#root = root;
    this.#stack = stack;
  }

  static async start(openssl: string): Promise<GivenWeb> {
    await using starting = new AsyncDisposableStack();
    const certificate = starting.use(await givenCertificate(openssl));
    const env = { NODE_EXTRA_CA_CERTS: certificate.certFile };
    const fleet = starting.use(await MirrorFleet.start(env));
    const root = join(fleet.path, "web");
    const web = starting.use(await startFileServer(fleet.path, root, certificate));
    return new GivenWeb({ fleet, web, root }, starting.move());
  }

  async single(name: string, options: WebSeedOptions): Promise<SeededTorrent> {
    const directory = await givenTree(join(this.#root, name), { [FILE]: 1_000_003 });
    return await webSeedTorrent(directory, FILE, options);
  }

  async tree(name: string, options: WebSeedOptions): Promise<SeededTorrent> {
    const directory = join(this.#root, name);
    await givenTree(join(directory, NAME), TREE);
    return await webSeedTorrent(directory, NAME, options);
  }

  /** The tree with bytes that are wrong, in every piece of its longest file. */
  async lies(name: string): Promise<void> {
    const directory = join(this.#root, name, NAME);
    await givenTree(directory, TREE);
    const file = join(directory, "a file with spaces.bin");
    const bytes = await readFile(file);
    for (let at = 9; at < bytes.length; at += 16_384) bytes[at] = (bytes[at] ?? 0) ^ 1;
    await writeFile(file, bytes);
  }

  /** Why web seeds were left alone. */
  warnings(): readonly string[] {
    const { errorLines, lines } = this.fleet.services.gateway.program;
    return [...lines, ...errorLines].flatMap((line) => {
      const said = logged(line, "web seed left alone");
      return said === null ? [] : [String(said["reason"])];
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
