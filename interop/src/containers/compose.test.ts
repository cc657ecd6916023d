import { deepEqual, equal, match, ok } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { eventually } from "../eventually.ts";
import { givenTree } from "../given-content.ts";
import { startLibtorrent } from "../libtorrent.ts";
import { sameTree } from "../same-tree.ts";
import { loopbackHost } from "../test-host.ts";
import { COMPOSE_FILE, type ComposeService, composeConfig } from "./compose-config.ts";
import { ComposedFleet } from "./composed-fleet.ts";
import { downloadFile } from "./download-file.ts";
import { fixedPort } from "./fixed-port.ts";
import { readableDirectory } from "./readable-directory.ts";

/** Of the console's list. */
type Listed = { readonly name: string; readonly torrentUrl: string };

const PROFILES = ["observe", "tools"];

/** What spans of a download, and of what goes before it, come from. */
const TRACED = ["gateway", "piece-store", "tracker"];

test("docker compose up seeds a directory to a client on the machine", async (t) => {
  await using content = await readableDirectory();
  await using work = await readableDirectory();
  await givenTree(join(content.path, "tree"), { "a.bin": 5_000_000, "nested/b.bin": 300_000 });
  await givenTree(content.path, { "single.bin": 1_000_000 });
  const consolePort = await fixedPort();
  await using fleet = await ComposedFleet.up(content.path, consolePort);
  await using traces = await fleet.takeTraces();

  const torrents = new Map<string, string>();
  await eventually(async () => {
    for (const { name, torrentUrl } of await listed(consolePort)) torrents.set(name, torrentUrl);
    return [...torrents.keys()].toSorted();
  }, ["single.bin", "tree"]);
  for (const [name, url] of torrents) {
    const torrent = join(work.path, `${name}.torrent`);
    await downloadFile(url, torrent);
    const directory = join(work.path, name);
    await using client = await startLibtorrent({ host: loopbackHost, torrent, directory });
    await client.succeeded();
  }
  await sameTree(join(work.path, "tree", "tree"), join(content.path, "tree"));
  await mkdir(join(work.path, "expected"));
  await copyFile(join(content.path, "single.bin"), join(work.path, "expected", "single.bin"));
  await sameTree(join(work.path, "single.bin"), join(work.path, "expected"));
  match(await fleet.compose("run", "--rm", "cli", "ls"), /single\.bin/);

  await t.test("Prometheus gets what the dashboard shows", (t) => scraped(t, fleet));
  await t.test("Jaeger gets the services' traces", async () => {
    for (const name of TRACED) {
      await traces.line((line) => (line === `traced ${name}` ? true : null));
    }
  });

  // nats-server itself ends with 1 when it is asked to.
  await fleet.compose("stop", "--timeout", "20");
  const failed = (await fleet.exitCodes()).filter(
    ([service, exitCode]) => service !== "nats" && exitCode !== 0,
  );
  deepEqual(failed, [], "a service did not drain");
});

test("docker-compose.yml holds together with all of its profiles", async () => {
  const services = await composeConfig(...PROFILES);
  equal(services["prometheus"]?.read_only, true);
  deepEqual(
    namesOf(services, ({ build }) => build !== undefined),
    [
      ...["choking-scheduler", "cli", "console", "gateway-1", "gateway-2"],
      ...["piece-store", "publish", "tracker"],
    ],
  );
});

/** Every service answers where deploy/prometheus looks for it, with what deploy/grafana shows. */
async function scraped(t: TestContext, fleet: ComposedFleet): Promise<void> {
  const targets = deployed("prometheus/prometheus.yml").match(/(?<=- )[-\w]+:\d+$/gm) ?? [];
  const services = await composeConfig(...PROFILES);
  const serving = namesOf(
    services,
    ({ build, healthcheck }) => build !== undefined && healthcheck?.disable !== true,
  );
  deepEqual(targets.toSorted(), serving.map((name) => `${name}:9464`).toSorted());

  const answers = await fleet.answers(targets.map((target) => `http://${target}/metrics`));
  for (const [url, answer] of Object.entries(answers)) {
    match(answer ?? "no answer", /^# TYPE /m, url);
  }
  const texts = Object.values(answers).join("\n");
  const shown = new Set(deployed("grafana/dashboards/seedfleet.json").match(/\bseedfleet_\w+/g));
  const absent = [...shown].filter((name) => !texts.includes(`\n${name}`));
  // A counter comes with the first that it counts, a refusal say; a gauge is there from the start.
  t.diagnostic(`not counted yet, of ${shown.size}: ${absent.join(", ")}`);
  deepEqual(
    absent.filter((name) => !name.endsWith("_total")),
    [],
  );
  ok(absent.length < shown.size);
}

function deployed(path: string): string {
  return readFileSync(join(COMPOSE_FILE, "../deploy", path), "utf8");
}

/** In order. */
function namesOf(
  services: Readonly<Record<string, ComposeService>>,
  isOne: (service: ComposeService) => boolean,
): readonly string[] {
  return Object.entries(services)
    .filter(([, service]) => isOne(service))
    .map(([name]) => name)
    .toSorted();
}

/** What the console lists; nothing while it is not there. */
async function listed(port: number): Promise<readonly Listed[]> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/torrents`);
    return ((await response.json()) as { readonly torrents: readonly Listed[] }).torrents;
  } catch {
    return [];
  }
}
