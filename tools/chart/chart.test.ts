import { deepEqual, equal, fail, match, ok } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { advertisedIn } from "../../apps/gateway/src/advertised-table.ts";
import { expectNone } from "../tidy/expect-none.ts";
import { read } from "../tidy/repository.ts";
import { CHART_README, chartReadme } from "./chart-readme.ts";
import { checkManifests } from "./check-manifests.ts";
import { findHelm } from "./find-helm.ts";
import { judgeAddresses } from "./judge-addresses.ts";
import { judgePods } from "./judge-pods.ts";
import { judgeSettings } from "./judge-settings.ts";
import type { Manifest } from "./manifest.ts";
import { lintChart, renderChart } from "./render-chart.ts";

const HELM_CHARTS = join(import.meta.dirname, "../../deploy/helm");

const EXAMPLES = [
  "one-node",
  "three-nodes-s3",
  "node-port",
  "load-balancer",
  "secured",
  "everything",
] as const;

const found = findHelm();
const isRequired = process.env["CI"] === "true" || process.env["INTEROP_REQUIRED"] === "1";
const skip = found.missing !== undefined && !isRequired && found.missing;
const helm = found.path ?? "helm";

test("helm is there", { skip }, () => equal(found.missing, undefined));

for (const example of EXAMPLES) {
  test(`helm lint --strict has nothing against ${example}`, { skip }, () => {
    equal(lintChart(helm, example), null);
  });
}

test("every manifest is as Kubernetes' schemas and types have it", { skip }, async () => {
  expectNone(await checkManifests(EXAMPLES.flatMap((example) => given(example))));
});

for (const example of EXAMPLES) {
  test(`pods of ${example} are safe, are told what they know, and are reached`, { skip }, () => {
    const manifests = given(example);
    expectNone([
      ...judgePods(manifests),
      ...judgeSettings(manifests),
      ...judgeAddresses(manifests),
    ]);
  });
}

test("the checks see what is wrong", { skip }, async () => {
  const wrong = JSON.parse(
    JSON.stringify(given("one-node"))
      .replaceAll(/"podAntiAffinity"/g, '"podAffinity"')
      .replaceAll(/"readOnlyRootFilesystem"/g, '"readOnlyRootFileSystem"')
      .replaceAll(/"limits":\{[^}]*\}/g, '"limits":{}')
      .replaceAll("seedfleet:0.1.0", "seedfleet:latest")
      .replaceAll("SEEDFLEET_GATEWAY_PEER_PORT", "SEEDFLEET_GATEWAY_PORT")
      .replaceAll('"maxUnavailable":0', '"maxUnavailable":-1'),
  );
  const pods = judgePods(wrong).join("\n");
  match(pods, /two of it may be sent to one port of a node/);
  match(pods, /no limit of memory/);
  match(pods, /no fixed version: seedfleet:latest/);
  match(judgeSettings(wrong).join("\n"), /SEEDFLEET_GATEWAY_PORT/);
  match((await checkManifests(wrong)).join("\n"), /readOnlyRootFileSystem/);
});

const impossible = [
  { values: ["image.tag=latest"], then: /image/ },
  { values: ["gateway.expose=nodePort", "gateway.sets[0].firstNodePort=29999"], then: /29999/ },
  {
    values: ["gateway.expose=nodePort", "gateway.sets[0].replicas=9000", "tracker.nodePort=0"],
    then: /32768/,
  },
  {
    values: ["gateway.expose=nodePort", "gateway.sets[0].name=a", "gateway.sets[1].name=b"],
    then: /firstNodePort/,
  },
  { values: ["gateway.expose=nodePort", "gateway.sets[0].firstNodePort=30969"], then: /tracker/ },
  { values: ["gateway.sets[0].name=a", "gateway.sets[1].name=a"], then: /two are called/ },
  { values: ["gateway.autoscaling.enabled=true"], then: /DaemonSet/ },
  { values: ["gateway.settings.FOO=bar"], then: /FOO/ },
  { values: ["gatway.port=1"], then: /gatway/ },
  { values: ["gateway.resources.limits.memory=null"], then: /memory/ },
  { values: ["tracker.advertisedHost="], then: /tracker.advertisedHost/ },
  { values: ["tracker.mode=private"], then: /apiTokenSecret/ },
] as const;

for (const { values, then } of impossible) {
  test(`the chart refuses ${values.join(" ")}`, { skip }, () => {
    match(renderChart(helm, "one-node", values).problem ?? "", then);
  });
}

test("each of several gateways behind node ports is told of by its own", { skip }, () => {
  const sets = ["gateway.sets[0].name=a", "gateway.sets[0].replicas=2"];
  const more = ["gateway.sets[1].name=b", "gateway.sets[1].firstNodePort=30700"];
  const manifests = given("one-node", ["gateway.expose=nodePort", ...sets, ...more]);
  expectNone(judgeAddresses(manifests));
  const table = manifests.find(({ data }) => data?.["advertised"])?.data?.["advertised"] ?? "";
  deepEqual(advertisedIn(table, "seedfleet-gateway-a-1"), { host: null, port: 30_682 });
  deepEqual(advertisedIn(table, "seedfleet-gateway-b-0"), { host: null, port: 30_700 });
});

test("peers' and clients' addresses are kept by every Service that they come by", { skip }, () => {
  const services = EXAMPLES.flatMap((example) => given(example)).filter(
    ({ spec }) => spec?.type === "LoadBalancer" || spec?.type === "NodePort",
  );
  ok(services.length > 10);
  for (const { spec, metadata } of services) {
    equal(spec?.externalTrafficPolicy, "Local", metadata.name);
  }
});

test("credentials of NATS are each service's own, from a Secret", { skip }, () => {
  const text = JSON.stringify(given("secured"));
  for (const user of ["gateway", "tracker", "choking-scheduler", "piece-store", "console"]) {
    match(text, new RegExp(`"SEEDFLEET_NATS_USER","value":"${user}"`));
    match(text, new RegExp(`"secretKeyRef":\\{"name":"seedfleet-nats","key":"${user}"\\}`));
  }
});

test("the chart's page is that of its values", () => {
  equal(read(CHART_README), chartReadme(), "run: node tools/chart/chart-readme.ts");
});

test("the chart with NATS gives the fleet its values, beside NATS's own chart", {
  skip,
}, (t) => {
  const folder = mkdtempSync(join(tmpdir(), "seedfleet-chart-"));
  t.after(() => rmSync(folder, { recursive: true }));
  cpSync(join(HELM_CHARTS, "seedfleet-with-nats"), folder, { recursive: true });
  cpSync(join(HELM_CHARTS, "seedfleet"), join(folder, "charts/seedfleet"), { recursive: true });
  const nats = join(folder, "charts/nats");
  mkdirSync(join(nats, "templates"), { recursive: true });
  writeFileSync(join(nats, "Chart.yaml"), "apiVersion: v2\nname: nats\nversion: 1.3.16\n");
  const set = ["--set", "seedfleet.tracker.advertisedHost=tracker.example.org"];
  const rendered = spawnSync(helm, ["template", "fleet", folder, ...set], { encoding: "utf8" });
  equal(rendered.stderr, "");
  match(rendered.stdout, /name: seedfleet-tracker\n/);
  match(rendered.stdout, /value: "nats:\/\/nats:4222"/);
});

function given(example: string, values: readonly string[] = []): readonly Manifest[] {
  const { manifests, problem } = renderChart(helm, example, values);
  return manifests ?? fail(problem);
}
