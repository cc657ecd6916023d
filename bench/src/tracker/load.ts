import { BenchError } from "../bench-error.ts";
import type { TrackerLoadSpec } from "./load-spec.ts";
import { measureLoad } from "./measure-load.ts";

/** One process of load against one tracker, which has a core of its own if there is one. */
try {
  const spec: TrackerLoadSpec = JSON.parse(process.argv[2] ?? "null");
  const measured = measureLoad(spec);
  process.stdout.write(`${JSON.stringify({ event: "measured", ...measured })}\n`);
} catch (error) {
  if (!(error instanceof BenchError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
