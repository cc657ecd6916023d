import { setImmediate } from "node:timers/promises";

const MICROSECONDS_PER_SECOND = 1_000_000;
const MS_PER_SECOND = 1_000;

/** The process's own metrics under the names every Prometheus dashboard for Node knows. */
export async function processMetricsText(): Promise<string> {
  const cpu = process.cpuUsage();
  const samples = [
    {
      name: "process_resident_memory_bytes",
      help: "Resident memory size in bytes.",
      type: "gauge",
      value: process.memoryUsage.rss(),
    },
    {
      name: "process_cpu_seconds_total",
      help: "Total user and system CPU time spent in seconds.",
      type: "counter",
      value: (cpu.user + cpu.system) / MICROSECONDS_PER_SECOND,
    },
    {
      name: "nodejs_eventloop_lag_seconds",
      help: "Lag of event loop in seconds.",
      type: "gauge",
      value: await eventLoopLagSeconds(),
    },
  ];
  return samples
    .map(({ name, help, type, value }) => {
      return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${value}\n`;
    })
    .join("");
}

/** How long work that is due at once has to wait for its turn now. */
async function eventLoopLagSeconds(): Promise<number> {
  const askedMs = performance.now();
  await setImmediate();
  return (performance.now() - askedMs) / MS_PER_SECOND;
}
