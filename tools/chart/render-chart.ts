import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import type { Manifest } from "./manifest.ts";

const CHART: string = join(import.meta.dirname, "../../deploy/helm/seedfleet");
const EXAMPLES: string = join(import.meta.dirname, "../../deploy/helm/examples");

/** Kinds that a cluster with the Prometheus operator knows beside Kubernetes' own. */
const OPERATOR = ["--api-versions", "monitoring.coreos.com/v1/ServiceMonitor"];

export type Rendered =
  | { readonly manifests: readonly Manifest[]; readonly problem?: undefined }
  | { readonly manifests?: undefined; readonly problem: string };

/** What the chart makes of an example's values and of more, `key=value`, that go before them. */
export function renderChart(
  helm: string,
  example: string,
  values: readonly string[] = [],
): Rendered {
  const args = ["template", "seedfleet", CHART, "-f", join(EXAMPLES, `${example}.yaml`)];
  const set = values.flatMap((value) => ["--set", value]);
  const { output, failed } = run(helm, [...args, ...OPERATOR, ...set]);
  if (failed) return { problem: output };
  const documents = parseAllDocuments(output);
  const problems = documents.flatMap((one) => ("errors" in one ? one.errors : []));
  if (problems.length > 0) return { problem: problems.map(String).join("\n") };
  const manifests = documents.map((one) => ("toJS" in one ? one.toJS() : null)).filter(Boolean);
  return { manifests };
}

/** What `helm lint --strict` has against an example, or null. */
export function lintChart(helm: string, example: string): string | null {
  const args = ["lint", "--strict", CHART, "-f", join(EXAMPLES, `${example}.yaml`)];
  const { output, failed } = run(helm, args);
  return failed ? output : null;
}

/** Helm writes to its home, which is here one of the moment. */
function run(
  helm: string,
  args: readonly string[],
): { readonly output: string; readonly failed: boolean } {
  const home = mkdtempSync(join(tmpdir(), "seedfleet-helm-home-"));
  const env = {
    ...process.env,
    HELM_CACHE_HOME: home,
    HELM_CONFIG_HOME: home,
    HELM_DATA_HOME: home,
  };
  try {
    const options = { encoding: "utf8", env, maxBuffer: 64 * 1024 * 1024 } as const;
    const { status, stdout, stderr } = spawnSync(helm, [...args], options);
    return status === 0
      ? { output: stdout, failed: false }
      : { output: stdout + stderr, failed: true };
  } finally {
    rmSync(home, { recursive: true });
  }
}
