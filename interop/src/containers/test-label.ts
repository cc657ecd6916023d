/** The label of everything that tests start, whose value is the process that ran them. */
export const TEST_LABEL = "org.seedfleet.test-run";

/** The environment variable that tells tests which process that is. */
export const TEST_RUN = "CONTAINER_TEST_RUN";

export const testLabels: Readonly<Record<string, string>> = {
  [TEST_LABEL]: process.env[TEST_RUN] ?? String(process.pid),
};
