/** The environment variable that tells tests which run of them they are a part of. */
export const TEST_RUN = "CONTAINER_TEST_RUN";

/** By default this very process. */
export const testRun: string = process.env[TEST_RUN] ?? String(process.pid);

/** What the names of networks begin with, and the name of docker compose's project. */
export const testName: string = `seedfleet-test-${testRun}`;

const LABEL = "org.seedfleet.test-run";

/** Of every container that tests start. */
export const testLabels: Readonly<Record<string, string>> = { [LABEL]: testRun };

/** The same for the command line. */
export const testLabel: string = `${LABEL}=${testRun}`;
