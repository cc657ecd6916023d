import { docker } from "./docker.ts";
import { testLabel, testName } from "./test-label.ts";

/** Takes away what tests of this run have left, of docker compose too. */
export async function removeWhatIsLeft(): Promise<void> {
  const composed = `label=com.docker.compose.project=${testName}`;
  for (const filter of [`label=${testLabel}`, composed]) {
    await removeAll(["ps", "--all", "--quiet", "--filter", filter], ["rm", "--force", "--volumes"]);
  }
  for (const filter of [`name=${testName}-`, composed]) {
    await removeAll(["network", "ls", "--quiet", "--filter", filter], ["network", "rm"]);
  }
  await removeAll(["volume", "ls", "--quiet", "--filter", composed], ["volume", "rm"]);
}

async function removeAll(list: readonly string[], remove: readonly string[]): Promise<void> {
  const found = await docker(...list);
  if (found !== "") await docker(...remove, ...found.split("\n"));
}
