import { equal } from "node:assert/strict";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { realPartTest } from "@seedfleet/testkit";
import { libtorrentClient } from "./clients.ts";
import { givenTree } from "./given-content.ts";
import { logged, startUp } from "./seedfleet.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { loopbackHost as host } from "./test-host.ts";

realPartTest(
  ["python3-libtorrent"],
  "a file that changes under a running seed is refused, and the log says so once",
  async () => {
    await using work = await temporaryDirectory();
    const tree = await givenTree(join(work.path, "tree"), { "image.iso": 8_000_000 });
    const { program, ready } = await startUp(host, [tree], join(work.path, "data"));
    await using _program = program;

    const file = await open(join(tree, "image.iso"), "r+");
    await file.write(Buffer.from("changed"), 0, 7, 4_000_000);
    await file.close();

    const directory = join(work.path, "client");
    const torrentFile = ready.torrents[0]?.torrentFile ?? "";
    await using client = await libtorrentClient.start({ host, torrentFile, directory });
    await program.line((line) => logged(line, "content changed"));
    await client.stop();
    await program.stop();

    const told = program.errorLines.filter((line) => logged(line, "content changed"));
    equal(told.length, 1);
    equal(client.lines.includes("receiving"), false, "the client was sent a block");
    const errors = program.errorLines.filter((line) => line.includes('"level":"error"'));
    equal(errors.length, 0, errors.join("\n"));
  },
);
