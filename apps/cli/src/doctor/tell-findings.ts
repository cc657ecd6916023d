import { SeedfleetError } from "@seedfleet/runtime";
import { formatCount } from "../format.ts";
import { printable } from "../printable.ts";
import type { Finding } from "./finding.ts";

type Counts = { readonly oks: number; readonly warnings: number; readonly problems: number };

export function countLevels(findings: readonly Finding[]): Counts {
  const count = (level: Finding["level"]): number =>
    findings.filter((finding) => finding.level === level).length;
  return { oks: count("ok"), warnings: count("warning"), problems: count("problem") };
}

/** A line each, and one with the counts at the end. */
export function findingsJson(findings: readonly Finding[]): string {
  const lines = findings.map((finding) => {
    const { level, check, subject, found, todo } = withoutSecrets(finding);
    return JSON.stringify({ event: "finding", level, check, subject, found, todo });
  });
  const counted = JSON.stringify({ event: "doctor", ...countLevels(findings) });
  return `${[...lines, counted].join("\n")}\n`;
}

const MARKS = { ok: "ok     ", warning: "warning", problem: "PROBLEM" } as const;

/** By what was looked at, each with what to do below it. */
export function findingsText(findings: readonly Finding[]): string {
  const lines = findings.flatMap((finding, at) => {
    const { level, check, subject, found, todo } = withoutSecrets(finding);
    const heading = findings[at - 1]?.check === check ? [] : [check];
    const said = subject === null ? found : `${subject}: ${found}`;
    const next = todo === null ? [] : [`           → ${printable(todo)}`];
    return [...heading, `  ${MARKS[level]}  ${printable(said)}`, ...next];
  });
  const { oks, warnings, problems } = countLevels(findings);
  const counts = [
    formatCount(problems, "problem"),
    formatCount(warnings, "warning"),
    `${oks} ok`,
  ].join(", ");
  return `${[...lines, counts].join("\n")}\n`;
}

/** What the exit code says, in words. */
export function whatIsWrong(problems: number): SeedfleetError<{ readonly code: "fleet-unwell" }> {
  const message = `Found ${formatCount(problems, "problem")}: what to do is said above`;
  return new SeedfleetError(message, { code: "fleet-unwell" });
}

/** People put passwords into URLs, and so they come in messages of whatever failed. */
function withoutSecrets({ subject, found, todo, ...finding }: Finding): Finding {
  const clean = (text: string): string => text.replaceAll(/\/\/[^/@\s]*@/g, "//…@");
  return {
    ...finding,
    subject: subject === null ? null : clean(subject),
    found: clean(found),
    todo: todo === null ? null : clean(todo),
  };
}
