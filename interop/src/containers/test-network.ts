import { randomUUID } from "node:crypto";
import { docker } from "./docker.ts";
import { TEST_LABEL, testLabels } from "./test-label.ts";

/** A network of containers, of which this machine is a part by the address of its bridge. */
export type TestNetwork = AsyncDisposable & {
  readonly name: string;
  /** This machine's. */
  readonly hostAddress: string;
};

export async function startTestNetwork(): Promise<TestNetwork> {
  const name = `seedfleet-${randomUUID()}`;
  const label = `${TEST_LABEL}=${testLabels[TEST_LABEL]}`;
  await docker("network", "create", "--label", label, name);
  const address = "{{(index .IPAM.Config 0).Gateway}}";
  return {
    name,
    hostAddress: await docker("network", "inspect", "--format", address, name),
    async [Symbol.asyncDispose]() {
      await docker("network", "rm", name);
    },
  };
}
