/** A benchmark cannot go on; its message is one line for a person. Anything else is a mistake. */
export class BenchError extends Error {}
