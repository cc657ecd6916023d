import { randomUUID } from "node:crypto";
import { Network } from "testcontainers";
import { docker } from "./docker.ts";
import { testName } from "./test-label.ts";

/** A network of containers, of which this machine is a part by the address of its bridge. */
export type TestNetwork = AsyncDisposable & {
  readonly name: string;
  /** This machine's. */
  readonly hostAddress: string;
};

export async function startTestNetwork(): Promise<TestNetwork> {
  const network = await new Network({ nextUuid: () => `${testName}-${randomUUID()}` }).start();
  const name = network.getName();
  const address = "{{(index .IPAM.Config 0).Gateway}}";
  return {
    name,
    hostAddress: await docker("network", "inspect", "--format", address, name),
    async [Symbol.asyncDispose]() {
      await network.stop();
    },
  };
}
