import { advertisedIn } from "../../apps/gateway/src/advertised-table.ts";
import { type Workload, workloadsOf, writtenValue } from "./judge-pods.ts";
import type { Manifest } from "./manifest.ts";

const NODE_PORT_MIN = 30_000;
const NODE_PORT_MAX = 32_767;

/**
 * Whether peers are told of every gateway what leads to it, whether no node port is given twice,
 * and whether what selects pods finds any; a line for each that does not.
 */
export function judgeAddresses(manifests: readonly Manifest[]): readonly string[] {
  return [...gatewayFaults(manifests), ...nodePortFaults(manifests), ...selectorFaults(manifests)];
}

function gatewayFaults(manifests: readonly Manifest[]): readonly string[] {
  const table = manifests.find(({ data }) => data?.["advertised"] !== undefined)?.data?.[
    "advertised"
  ];
  return workloadsOf(manifests)
    .filter(({ pod }) => pod.containers.some(({ args }) => args[0] === "gateway"))
    .flatMap((workload) => {
      const names = podsOf(workload);
      return names.flatMap((name) => faultOf(name, { workload, table, manifests }) ?? []);
    });
}

type Found = {
  readonly workload: Workload;
  readonly table: string | undefined;
  readonly manifests: readonly Manifest[];
};

function faultOf(name: string, { workload, table, manifests }: Found): string | null {
  const [container] = workload.pod.containers;
  if (container === undefined) return `${name} has no container`;
  const readsTable = writtenValue(container, "SEEDFLEET_GATEWAY_ADVERTISED_FILE") !== undefined;
  if (readsTable !== (table !== undefined)) return `${name} and the table do not know each other`;
  const told = table === undefined ? { host: null, port: null } : advertisedIn(table, name);
  const peers = container.ports?.find((port) => port.name === "peers");
  const hostIsTold = container.env.some((one) => one.name === "SEEDFLEET_GATEWAY_ADVERTISED_HOST");
  if (told.host === null && !hostIsTold) return `peers are told no address of ${name}`;
  const service = manifests.find((one) => one.kind === "Service" && one.metadata.name === name);
  const nodePort = service?.spec?.ports?.[0]?.nodePort;
  const leadsHere = nodePort ?? service?.spec?.ports?.[0]?.port ?? peers?.hostPort;
  // An address that an operator gave may be of a router, whose ports are its own.
  if (told.host !== null || (told.port ?? peers?.containerPort) === leadsHere) return null;
  return `peers are told port ${told.port} of ${name}, and ${leadsHere} leads there`;
}

/** The gateways' names; a node's for a DaemonSet, of which the manifest says nothing. */
function podsOf({ manifest }: Workload): readonly string[] {
  if (manifest.kind === "DaemonSet") return ["some-node"];
  const count = manifest.spec?.replicas ?? 1;
  return Array.from({ length: count }, (_, ordinal) => `${manifest.metadata.name}-${ordinal}`);
}

function nodePortFaults(manifests: readonly Manifest[]): readonly string[] {
  const given = manifests.flatMap(({ kind, spec }) =>
    kind === "Service" ? (spec?.ports ?? []) : [],
  );
  const seen = new Set<string>();
  return given.flatMap(({ nodePort, protocol = "TCP" }) => {
    if (nodePort === undefined) return [];
    const key = `${nodePort}/${protocol}`;
    if (nodePort < NODE_PORT_MIN || nodePort > NODE_PORT_MAX) return [`${key} is no node port`];
    if (seen.has(key)) return [`node port ${key} is given twice`];
    seen.add(key);
    return [];
  });
}

function selectorFaults(manifests: readonly Manifest[]): readonly string[] {
  const pods = workloadsOf(manifests).flatMap(({ manifest }) => manifest.spec?.template ?? []);
  return manifests.flatMap((manifest) => {
    const wanted = selectorOf(manifest);
    if (wanted === null) return [];
    const labels = Object.entries(wanted).filter(([key]) => key !== POD_NAME);
    const finds = pods.some(({ metadata }) =>
      labels.every(([key, value]) => metadata.labels[key] === value),
    );
    return finds ? [] : [`${manifest.kind}/${manifest.metadata.name} selects no pod`];
  });
}

/** The label that Kubernetes itself gives to each pod of a StatefulSet. */
const POD_NAME = "statefulset.kubernetes.io/pod-name";

function selectorOf({ kind, spec }: Manifest): Readonly<Record<string, string>> | null {
  if (kind === "Service") return spec?.selector ?? null;
  if (kind === "PodDisruptionBudget") return spec?.selector?.matchLabels ?? null;
  return kind === "NetworkPolicy" ? (spec?.podSelector?.matchLabels ?? null) : null;
}
