import { basename } from "node:path";
import { test } from "node:test";
import { VERSION } from "../../libs/runtime/src/version.ts";
import { expectNone } from "./expect-none.ts";
import { type Manifest, packageOf, packages, paths, read, sources } from "./repository.ts";

const README_LINES_MAX = 60;
const ENTRIES = [".", "./testing", "./service"];

const libs = packages.filter(({ folder }) => folder.startsWith("libs/"));
const shipped = sources.filter(({ path, isForTests }) => {
  const layer = packageOf(path)?.layer ?? "testkit";
  return !isForTests && !["testkit", "bench", "interop"].includes(layer);
});

test("every package is private, is in one layer and opens only known entries", () => {
  const wrong = packages.flatMap(({ folder, layer, manifest }) => [
    ...(manifest.private === true ? [] : [`${folder}/package.json: add "private": true`]),
    ...(layer === null ? [`${folder}/package.json: add one nx tag "layer:…"`] : []),
    ...Object.keys(manifest.exports ?? {})
      .filter((entry) => !ENTRIES.includes(entry))
      .map((entry) => `${folder}/package.json: export "${entry}" from one of ${ENTRIES.join(" ")}`),
    ...Object.values(manifest.exports ?? {})
      .map((file) => `${folder}/${file.slice(2)}`)
      .filter((file) => !paths.includes(file))
      .map((file) => `${folder}/package.json: exports ${file}, which is not there`),
  ]);
  expectNone(wrong);
});

test("every package has the version of the release", () => {
  const manifests = paths.filter((path) => basename(path) === "package.json");
  const wrong = manifests.flatMap((path) => {
    const { version }: Manifest = JSON.parse(read(path));
    return version === VERSION ? [] : [`${path} is ${version}: libs/runtime says ${VERSION}`];
  });
  expectNone(wrong);
});

test("every library has an entry and a README that fits one screen", () => {
  const wrong = libs.flatMap(({ folder }) => {
    const lines = read(`${folder}/README.md`).split("\n").length - 1;
    return [
      ...(paths.includes(`${folder}/src/index.ts`) ? [] : [`${folder}: write src/index.ts`]),
      ...(lines > 0 ? [] : [`${folder}: write README.md: what it is, its invariant, an example`]),
      ...(lines <= README_LINES_MAX ? [] : [`${folder}/README.md: ${lines} lines, cut to 60`]),
    ];
  });
  expectNone(wrong);
});

test("docs/LIMITS.md lists every limit", () => {
  expectNone(undocumented(/^export const (\w+_MAX)\b/gm, "docs/LIMITS.md"));
});

test("docs/METRICS.md lists every metric", () => {
  expectNone(undocumented(/["'`](seedfleet_[a-z_]+)["'`]/g, "docs/METRICS.md"));
});

/** The names that `pattern` finds in the source and the document does not mention. */
function undocumented(pattern: RegExp, document: string): readonly string[] {
  const words = new Set(read(document).match(/\w+/g) ?? []);
  const found = shipped.flatMap(({ path, text }) =>
    [...text.matchAll(pattern)].map(([, name = ""]) => [name, path] as const),
  );
  return [...new Map(found)]
    .filter(([name]) => !words.has(name) && !words.has(`${name}_total`))
    .map(([name, path]) => `${document}: add ${name} (${path})`);
}
