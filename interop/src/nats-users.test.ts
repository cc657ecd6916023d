import { doesNotMatch, equal, match } from "node:assert/strict";
import { join } from "node:path";
import { realPartTest } from "@seedfleet/testkit";
import { aria2Client } from "./clients.ts";
import { givenTree } from "./given-content.ts";
import { startNatsWithUsers, userEnv } from "./nats-users.ts";
import { RunningProgram } from "./running-program.ts";
import { sameTree } from "./same-tree.ts";
import { logged, startFiveServices } from "./seedfleet.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { loopbackHost as host } from "./test-host.ts";

const CLI = join(import.meta.dirname, "../../apps/cli/src/main.ts");

realPartTest(
  ["aria2c", "nats-server"],
  "every service works as its own user of NATS",
  async (t) => {
    await using work = await temporaryDirectory();
    const tree = await givenTree(join(work.path, "tree"), { "image.iso": 3_000_000 });
    const nats = await startNatsWithUsers();
    t.after(() => nats.stop());
    await using services = await startFiveServices(host, nats.url, tree, { envOf: userEnv });
    const torrentFile = join(work.path, "tree.torrent");
    await services.publish(tree, torrentFile);

    const download = { host, torrentFile, directory: join(work.path, "client") };
    await using client = await aria2Client.start({ ...download, encrypted: "rc4" });
    await client.succeeded();
    await sameTree(join(download.directory, "tree"), tree);

    const [infoHash = ""] = (await command(nats.url, "ls", "--json")).match(/[0-9a-f]{40}/) ?? [];
    await Promise.all([
      command(nats.url, "limit", infoHash, "--upload", "10MiB"),
      command(nats.url, "budget", "--fleet", "1GiB"),
      command(nats.url, "preheat", infoHash),
      command(nats.url, "check", infoHash),
      command(nats.url, "gateways"),
    ]);
    const found = await command(nats.url, "doctor");
    // It may ask whatever it needs, and everybody may answer.
    doesNotMatch(found, /does not say how it is|may not/);
    match(found, /it answers a peer from here/);
    await command(nats.url, "drain", "test");
    equal(await services.gateway.program.exited(), 0);
    const refused = services.programs.flatMap((program) =>
      program.lines.filter((line) => logged(line, "bus refused something") !== null),
    );
    equal(refused.join("\n"), "");
  },
);

async function command(natsUrl: string, ...args: readonly string[]): Promise<string> {
  const program = host.command(process.execPath, CLI, ...args, "--bus", natsUrl);
  await using running = RunningProgram.start(program, { env: userEnv("cli") });
  await running.succeeded();
  return running.lines.join("\n");
}
