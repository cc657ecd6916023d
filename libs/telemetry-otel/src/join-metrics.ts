/** A metric's help and type, then its samples. */
const FAMILY_START = /^(?=# HELP )/m;

/**
 * One text of several services' metrics. The format allows a metric's help and type only once, so
 * the samples of one metric are gathered under the first of them.
 */
export function joinMetrics(texts: readonly string[]): string {
  const samples = new Map<string, string[]>();
  for (const family of texts.flatMap((text) => text.split(FAMILY_START))) {
    const lines = family.split("\n").filter((line) => line !== "");
    const comments = lines.filter((line) => line.startsWith("#"));
    const [, , name] = comments[0]?.split(" ") ?? [];
    // Without a name it is the remark that a service has measured nothing yet.
    if (!family.startsWith("# HELP ") || name === undefined) continue;
    const gathered = samples.get(name) ?? comments;
    gathered.push(...lines.filter((line) => !line.startsWith("#")));
    samples.set(name, gathered);
  }
  return [...samples.values()].map((lines) => `${lines.join("\n")}\n`).join("");
}
