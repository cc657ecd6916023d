import { equal, ok } from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { foreignFunctions } from "./foreign-functions.ts";

const HERE = fileURLToPath(new URL("foreign-functions.ts", import.meta.url));
const SKIP = foreignFunctions() === null && "this Node.js has no node:ffi";

test("foreignFunctions() says nothing, and leaves others their warnings", {
  skip: SKIP,
}, async () => {
  const program = `
    const { foreignFunctions } = await import(${JSON.stringify(HERE)});
    const { functions } = foreignFunctions().dlopen(null, { getpid: { return: "int32" } });
    console.log(functions.getpid() === process.pid);
    process.emitWarning("something else");`;
  const run = promisify(execFile);
  const { stdout, stderr } = await run(process.execPath, ["--input-type=module", "-e", program]);
  equal(stdout, "true\n");
  ok(stderr.includes("something else") && !stderr.includes("ffi"), stderr);
});
