import { test } from "node:test";
import { expectNone } from "./expect-none.ts";
import { type Package, packageOf, packages, sources } from "./repository.ts";

const BELOW_APPS = ["core", "port", "contract", "fleet", "adapter", "shell"];
const ALL = [...BELOW_APPS, "testkit", "app"];

/** Which layers a package of a layer may depend on. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: ["core"],
  port: ["core", "port"],
  contract: ["core", "port"],
  fleet: ["core", "port", "contract"],
  adapter: ["core", "port"],
  shell: ["core", "port", "contract", "fleet", "adapter"],
  testkit: ["port"],
  app: BELOW_APPS,
  command: [...BELOW_APPS, "app"],
  bench: ALL,
  interop: ALL,
};

/** What the inner layers may take from npm; the others may take what they adapt. */
const VENDORS: Readonly<Record<string, readonly string[]>> = {
  core: ["bencode"],
  port: [],
  contract: ["zod"],
  fleet: [],
};

/** Tests may use whatever is no program; the testkit only they may. */
const TESTS_MAY_IMPORT = [...BELOW_APPS, "testkit"];

/** All of such a package is for tests, not only its `*.test.ts`. */
const ONLY_FOR_TESTS = ["testkit", "bench", "interop"];

const byName = new Map(packages.map((one) => [one.manifest.name, one]));

/** The packages of this repository among the names of a manifest. */
function own(names: Readonly<Record<string, string>> = {}): readonly Package[] {
  return Object.keys(names).flatMap((name) => byName.get(name) ?? []);
}

function forbiddenEdges(
  from: Package,
  to: readonly Package[],
  allowed: readonly string[],
): readonly string[] {
  return to
    .filter(({ layer }) => !allowed.includes(layer ?? ""))
    .map(
      ({ manifest, layer }) =>
        `${from.folder} (${from.layer}) must not depend on ${manifest.name} (${layer}): ` +
        `remove it, or move what it needs to a layer of ${allowed.join(", ")}`,
    );
}

test("every package depends only on the layers below it", () => {
  const wrong = packages.flatMap((one) =>
    forbiddenEdges(one, own(one.manifest.dependencies), MAY_IMPORT[one.layer ?? ""] ?? []),
  );
  expectNone(wrong);
});

test("every package's tests depend only on layers below the apps and on the testkit", () => {
  const wrong = packages.flatMap((one) => {
    const more = MAY_IMPORT[one.layer ?? ""] ?? [];
    return forbiddenEdges(one, own(one.manifest.devDependencies), [...TESTS_MAY_IMPORT, ...more]);
  });
  expectNone(wrong);
});

test("the inner layers depend on no vendor", () => {
  const wrong = packages.flatMap(({ folder, layer, manifest }) => {
    const allowed = VENDORS[layer ?? ""];
    return Object.keys(manifest.dependencies ?? {})
      .filter((name) => allowed && !byName.has(name) && !allowed.includes(name))
      .map((name) => `${folder} (${layer}) must not depend on ${name}: leave that to an adapter`);
  });
  expectNone(wrong);
});

test("no package depends on itself through others", () => {
  const cycles = packages.flatMap((one) => {
    const cycle = pathBack(one, one);
    return cycle === null ? [] : [`cut one of these dependencies: ${cycle.join(" → ")}`];
  });
  expectNone(cycles);
});

test("every import enters a package where it may", () => {
  const wrong = sources.flatMap(({ path, text, isForTests }) => {
    const from = packageOf(path);
    return [...text.matchAll(/from "(@seedfleet\/[^/"]+)(\/[^"]*)?"/g)].flatMap(
      ([, name = "", entry = ""]) => {
        const isApp = byName.get(name)?.layer === "app";
        const entries = isApp ? ["/service"] : [""];
        if (!isApp && (isForTests || ONLY_FOR_TESTS.includes(from?.layer ?? ""))) {
          entries.push("/testing");
        }
        if (name === from?.manifest.name) return [`${path} imports its own package by name`];
        if (entries.includes(entry)) return [];
        return [`${path} imports "${name}${entry}": it may enter by "${name}${entries[0]}" only`];
      },
    );
  });
  expectNone(wrong);
});

/** The folders from one package over its dependencies to another, or null if none lead there. */
function pathBack(from: Package, to: Package, seen = new Set<Package>()): readonly string[] | null {
  for (const next of own({ ...from.manifest.dependencies, ...from.manifest.devDependencies })) {
    if (next === to) return [from.folder, to.folder];
    if (seen.has(next)) continue;
    seen.add(next);
    const path = pathBack(next, to, seen);
    if (path !== null) return [from.folder, ...path];
  }
  return null;
}
