import { test } from "node:test";
import { expectNone } from "./expect-none.ts";
import { paths, read } from "./repository.ts";

const METRIC = /\bseedfleet_[a-z_]+/g;

test("every metric of a dashboard is in docs/METRICS.md", () => {
  const known = new Set(read("docs/METRICS.md").match(METRIC) ?? []);
  const dashboards = paths.filter((path) => /^deploy\/.*\.json$/.test(path));
  const wrong = dashboards.flatMap((path) =>
    (read(path).match(METRIC) ?? [])
      .filter((name) => !known.has(name))
      .map((name) => `${path} shows ${name}, which docs/METRICS.md does not have`),
  );
  expectNone(wrong);
});

test("every data source of a dashboard is one that Grafana is given", () => {
  const given = read("deploy/grafana/provisioning/datasources/prometheus.yml");
  const uids = new Set([...given.matchAll(/^ +uid: (\S+)$/gm)].map(([, uid = ""]) => uid));
  const dashboards = paths.filter((path) => /^deploy\/grafana\/dashboards\/.*\.json$/.test(path));
  const wrong = dashboards.flatMap((path) =>
    [...read(path).matchAll(/"datasource":\s*\{[^}]*"uid":\s*"([^"]+)"/g)]
      .map(([, uid = ""]) => uid)
      .filter((uid) => !uids.has(uid))
      .map((uid) => `${path} asks "${uid}", which deploy/grafana/provisioning does not have`),
  );
  expectNone(wrong);
});
