/** What the checks look at of a manifest of Kubernetes; all else is for its schema. */
export type Manifest = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly labels?: Labels;
    readonly annotations?: Labels;
  };
  readonly automountServiceAccountToken?: boolean;
  readonly data?: Labels;
  readonly spec?: ManifestSpec;
};

type Labels = Readonly<Record<string, string>>;

export type ManifestSpec = {
  readonly type?: string;
  readonly replicas?: number;
  readonly clusterIP?: string;
  readonly externalTrafficPolicy?: string;
  readonly selector?: Labels & { readonly matchLabels?: Labels };
  readonly ports?: readonly {
    readonly port: number;
    readonly protocol?: string;
    readonly targetPort?: number | string;
    readonly nodePort?: number;
  }[];
  readonly updateStrategy?: { readonly rollingUpdate?: { readonly maxSurge?: number } };
  readonly template?: { readonly metadata: { readonly labels: Labels }; readonly spec: PodSpec };
  readonly podSelector?: { readonly matchLabels?: Labels };
};

export type PodSpec = {
  readonly serviceAccountName: string;
  readonly automountServiceAccountToken?: boolean;
  readonly hostNetwork?: boolean;
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext?: {
    readonly runAsNonRoot?: boolean;
    readonly runAsUser?: number;
    readonly seccompProfile?: { readonly type: string };
  };
  readonly affinity?: {
    readonly podAntiAffinity?: Readonly<Record<string, readonly AntiAffinity[]>>;
  };
  readonly containers: readonly Container[];
  readonly volumes?: readonly { readonly name: string }[];
};

type AntiAffinity = {
  readonly topologyKey: string;
  readonly labelSelector: { readonly matchLabels: Labels };
};

export type Container = {
  readonly name: string;
  readonly image: string;
  readonly args: readonly string[];
  readonly resources?: { readonly limits?: Labels; readonly requests?: Labels };
  readonly securityContext?: {
    readonly allowPrivilegeEscalation?: boolean;
    readonly readOnlyRootFilesystem?: boolean;
    readonly capabilities?: { readonly drop?: readonly string[] };
  };
  readonly lifecycle?: { readonly preStop?: { readonly sleep?: { readonly seconds: number } } };
  readonly livenessProbe?: { readonly httpGet: { readonly port: string } };
  readonly readinessProbe?: { readonly httpGet: { readonly port: string } };
  readonly ports?: readonly {
    readonly name: string;
    readonly containerPort: number;
    readonly hostPort?: number;
  }[];
  readonly env: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: object;
  }[];
  readonly volumeMounts?: readonly { readonly name: string }[];
};
