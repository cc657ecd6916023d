// Prints what the image is made of as CycloneDX. `npm sbom --omit=dev` also leaves out what the
// services share with a tool, such as fastify; the mark that it sets on each component is right.
import { execFileSync } from "node:child_process";
import { join } from "node:path";

const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;
const DEVELOPMENT = "cdx:npm:package:development";
const ONLY_FOR_TESTS = ["bench", "interop", "testkit"];

type Component = {
  readonly "bom-ref": string;
  readonly name: string;
  readonly properties?: readonly { readonly name: string }[];
};

type Edges = { readonly ref: string; readonly dependsOn: readonly string[] };

type Sbom = { readonly components: readonly Component[]; readonly dependencies: readonly Edges[] };

const kind = ["--sbom-format=cyclonedx", "--sbom-type=application", "--package-lock-only"];
const printed = execFileSync("npm", ["sbom", ...kind], {
  cwd: join(import.meta.dirname, ".."),
  encoding: "utf8",
  maxBuffer: OUTPUT_BYTES_MAX,
  stdio: ["ignore", "pipe", "inherit"],
});
const all: Sbom = JSON.parse(printed);
const left = all.components.filter(
  ({ name, properties = [] }) =>
    !ONLY_FOR_TESTS.includes(name) && !properties.some((one) => one.name === DEVELOPMENT),
);
const out = new Set(all.components.map((one) => one["bom-ref"]));
for (const one of left) out.delete(one["bom-ref"]);
const dependencies = all.dependencies
  .filter(({ ref }) => !out.has(ref))
  .map((one) => ({ ...one, dependsOn: one.dependsOn.filter((ref) => !out.has(ref)) }));
process.stdout.write(`${JSON.stringify({ ...all, components: left, dependencies }, null, 2)}\n`);
