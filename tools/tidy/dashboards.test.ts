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
