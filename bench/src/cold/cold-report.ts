import { type ServingReport, servingTable } from "../seeders/serving-report.ts";

const MIB = 1024 * 1024;

export type ColdReport = ServingReport & {
  readonly bench: "cold";
  readonly content: { readonly sizeBytes: number; readonly cacheBytes: number };
  readonly load: {
    readonly runs: number;
    readonly seconds: number;
    readonly pipeline: number;
    readonly processes: number;
  };
};

/** The report for a person. What came from a disk shows whether the page cache had it all. */
export function coldTable(report: ColdReport): string {
  const { content, load, figures } = report;
  const disk = figures.map(
    ({ name, diskReadBytes }) => `${name} ${(diskReadBytes / 1e6).toFixed(0)} MB`,
  );
  return `cold: pieces at random of ${content.sizeBytes / MIB} MiB, ours from a cache of \
${content.cacheBytes / MIB} MiB, ${load.runs} runs of ${load.seconds} s
in turn, ${load.pipeline} requests of 16 KiB outstanding, ${load.processes} process(es) of load
${servingTable(report)}
Read from disks in all runs: ${disk.join(", ")}
`;
}
