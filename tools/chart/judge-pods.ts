import type { Container, Manifest, PodSpec } from "./manifest.ts";

const UID = 10_001;

/** How much longer than a process takes to stop Kubernetes must wait before it kills. */
const GRACE_SPARE_SECONDS = 5;

const WORKLOADS = ["Deployment", "StatefulSet", "DaemonSet"];

export type Workload = { readonly manifest: Manifest; readonly pod: PodSpec };

export function workloadsOf(manifests: readonly Manifest[]): readonly Workload[] {
  return manifests.flatMap((manifest) => {
    const pod = manifest.spec?.template?.spec;
    return WORKLOADS.includes(manifest.kind) && pod !== undefined ? [{ manifest, pod }] : [];
  });
}

/** What of a chart's pods would be unsafe or never end well, a line each. */
export function judgePods(manifests: readonly Manifest[]): readonly string[] {
  return workloadsOf(manifests).flatMap(({ manifest, pod }) => {
    const faults = [
      ...podFaults(pod),
      ...hostPortFaults(manifest, pod),
      ...pod.containers.flatMap((container) => containerFaults(container, pod)),
    ];
    return faults.map((fault) => `${manifest.kind}/${manifest.metadata.name}: ${fault}`);
  });
}

function podFaults(pod: PodSpec): readonly string[] {
  const { securityContext: context } = pod;
  return present([
    pod.automountServiceAccountToken !== false && "it mounts a token of Kubernetes",
    context?.runAsNonRoot !== true && "it may run as root",
    context?.runAsUser !== UID && `it does not run as ${UID}`,
    context?.seccompProfile?.type !== "RuntimeDefault" && "it has no seccomp profile",
  ]);
}

function containerFaults(container: Container, pod: PodSpec): readonly string[] {
  const { image, resources, securityContext: context, readinessProbe, livenessProbe } = container;
  const deadline = writtenValue(container, "SEEDFLEET_SHUTDOWN_DEADLINE") ?? "";
  const stopSeconds = Number.parseInt(deadline, 10);
  const preStopSeconds = container.lifecycle?.preStop?.sleep?.seconds ?? 0;
  const grace = stopSeconds + preStopSeconds + GRACE_SPARE_SECONDS;
  return present([
    !/(?::(?!latest$)[-.\w]+|@sha256:[0-9a-f]{64})$/.test(image) && `no fixed version: ${image}`,
    !resources?.limits?.["cpu"] && "no limit of processors",
    !resources?.limits?.["memory"] && "no limit of memory",
    !resources?.requests?.["cpu"] && "no request of processors",
    context?.allowPrivilegeEscalation !== false && "it may gain privileges",
    context?.readOnlyRootFilesystem !== true && "its file system can be written",
    !context?.capabilities?.drop?.includes("ALL") && "it has capabilities",
    readinessProbe?.httpGet.port !== "admin" && "nobody asks whether it is ready",
    livenessProbe?.httpGet.port !== "admin" && "nobody asks whether it lives",
    !(pod.terminationGracePeriodSeconds >= grace) && "it is killed before its drain has ended",
    ...unmounted(container, pod),
  ]);
}

function unmounted(container: Container, pod: PodSpec): readonly string[] {
  const volumes = pod.volumes?.map(({ name }) => name) ?? [];
  const mounts = container.volumeMounts?.map(({ name }) => name) ?? [];
  return volumes.filter((name) => !mounts.includes(name)).map((name) => `nobody mounts ${name}`);
}

/** Two pods that want one port of a node must never be sent to the same node. */
function hostPortFaults(manifest: Manifest, pod: PodSpec): readonly string[] {
  const ports = pod.containers.flatMap(({ ports = [] }) => ports);
  if (!ports.some(({ hostPort }) => hostPort !== undefined)) return [];
  const labels = manifest.spec?.template?.metadata.labels ?? {};
  const apart = pod.affinity?.podAntiAffinity?.["requiredDuringSchedulingIgnoredDuringExecution"];
  const isApart = apart?.some(({ topologyKey, labelSelector }) => {
    const wanted = Object.entries(labelSelector.matchLabels);
    const meetsItself = wanted.every(([key, value]) => labels[key] === value);
    return topologyKey === "kubernetes.io/hostname" && meetsItself;
  });
  const surges = (manifest.spec?.updateStrategy?.rollingUpdate?.maxSurge ?? 0) > 0;
  return present([
    !isApart && "two of it may be sent to one port of a node",
    surges && "while it is replaced two of it want one port of a node",
    manifest.kind === "Deployment" && "a Deployment starts the next before the last has gone",
  ]);
}

/** The value of a variable that is written in the manifest. */
export function writtenValue(container: Container, name: string): string | undefined {
  return container.env.find((variable) => variable.name === name)?.value;
}

function present(faults: readonly (string | false)[]): readonly string[] {
  return faults.filter((fault) => fault !== false);
}
