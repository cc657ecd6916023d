import { consoleConfig } from "../../apps/console/src/config.ts";
import { gatewayConfig } from "../../apps/gateway/src/config.ts";
import { pieceStoreConfig } from "../../apps/piece-store/src/config.ts";
import { trackerConfig } from "../../apps/tracker/src/config.ts";
import { type ConfigSchema, defineConfig, loadConfig } from "../../libs/runtime/src/index.ts";
import { processConfig } from "../../libs/service/src/index.ts";
import { workloadsOf } from "./judge-pods.ts";
import type { Container, Manifest } from "./manifest.ts";

const NOTHING: ConfigSchema<object> = defineConfig({});

const OWN: Readonly<Record<string, ConfigSchema<object>>> = {
  console: consoleConfig,
  gateway: gatewayConfig,
  tracker: trackerConfig,
  "piece-store": pieceStoreConfig,
  "choking-scheduler": NOTHING,
};

/** What Kubernetes puts in the place of a reference to a field, a label or a Secret. */
const REFERRED = "192.0.2.1";

/** What a service would say of the settings that the chart gives it, a line each. */
export function judgeSettings(manifests: readonly Manifest[]): readonly string[] {
  return workloadsOf(manifests).flatMap(({ manifest, pod }) =>
    pod.containers.flatMap((container) => {
      const fault = faultOf(container);
      return fault === null ? [] : [`${manifest.kind}/${manifest.metadata.name}: ${fault}`];
    }),
  );
}

function faultOf({ args, env }: Container): string | null {
  const [service = ""] = args;
  const own = OWN[service];
  if (own === undefined) return `there is no service "${service}"`;
  const names = env.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) return `${twice} is set twice`;
  const given = env.map(({ name, value }) => [name, value ?? referred(name)]);
  try {
    loadConfig(defineConfig({ process: processConfig, own }), Object.fromEntries(given));
    return null;
  } catch (error) {
    return String(error);
  }
}

function referred(name: string): string {
  return name.endsWith("_ZONE") ? "zone-a" : REFERRED;
}
