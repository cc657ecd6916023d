import { spawnSync } from "node:child_process";
import { after, before } from "node:test";
import type { StartedTestContainer } from "testcontainers";
import { describeListing } from "./listing-suite.ts";
import { describeReading } from "./reading-suite.ts";
import type { GivenStore } from "./testing.ts";

/** The last one its makers published. */
const IMAGE = "minio/minio:RELEASE.2025-09-07T16-13-09Z";
const PORT = 9_000;
const PROBE_MS_MAX = 3_000;
const START_MS_MAX = 60_000;

/**
 * The same tests against a MinIO in a container. Where no engine can run one there are none, rather
 * than skipped ones: CI takes a skip for a failure, and not every machine has an image registry.
 * `SEEDFLEET_MINIO=1` has them run, or fail, without asking.
 */
const missing = process.env["SEEDFLEET_MINIO"] === "1" ? null : whyNoContainer();
if (missing === null) testMinio();
else process.stdout.write(`No tests against MinIO: ${missing}\n`);

function testMinio(): void {
  let container: StartedTestContainer;

  before(async () => {
    // It would need an image of its own; `after` stops the one container there is.
    process.env["TESTCONTAINERS_RYUK_DISABLED"] = "true";
    const { GenericContainer, Wait } = await import("testcontainers");
    container = await new GenericContainer(IMAGE)
      .withCommand(["server", "/data"])
      .withExposedPorts(PORT)
      .withWaitStrategy(Wait.forHttp("/minio/health/ready", PORT))
      .withStartupTimeout(START_MS_MAX)
      .start();
  });
  after(async () => {
    await container?.stop();
  });

  const store = async (): Promise<GivenStore> => ({
    endpoint: `http://${container.getHost()}:${container.getMappedPort(PORT)}`,
    accessKeyId: "minioadmin",
    secretAccessKey: "minioadmin",
    // The tests share it; each has a bucket of its own.
    [Symbol.asyncDispose]: async () => {},
  });
  describeListing("MinIO", store);
  describeReading("MinIO", store);
}

/** Null where Docker answers and has the image, or can get it. */
function whyNoContainer(): string | null {
  if (!docker("version")) return "no Docker engine answers here";
  if (docker("image", "inspect", IMAGE) || docker("manifest", "inspect", IMAGE)) return null;
  return `${IMAGE} is not here, and no registry gives it`;
}

function docker(...args: readonly string[]): boolean {
  const { status } = spawnSync("docker", args, { stdio: "ignore", timeout: PROBE_MS_MAX });
  return status === 0;
}
