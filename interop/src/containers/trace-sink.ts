// What stands in for Jaeger in a container: takes OTLP over HTTP with JSON at port 4318, and says
// `traced SERVICE` once it has spans of a service. Ends with its standard input, and by signals.
import { createServer } from "node:http";
import { json } from "node:stream/consumers";

const PORT = 4_318;

type Attribute = { readonly key: string; readonly value: { readonly stringValue?: string } };
type Exported = {
  readonly resourceSpans?: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
  }[];
};

const known = new Set<string>();

// The kernel spares the first process of a container a signal that it does not handle.
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit());
process.stdin.on("end", () => process.exit()).resume();

createServer(async (request, response) => {
  const { resourceSpans = [] } = (await json(request)) as Exported;
  for (const { resource } of resourceSpans) {
    const name = resource.attributes.find(({ key }) => key === "service.name")?.value.stringValue;
    if (name !== undefined && !known.has(name)) process.stdout.write(`traced ${name}\n`);
    if (name !== undefined) known.add(name);
  }
  response.setHeader("content-type", "application/json").end("{}");
}).listen(PORT, () => process.stdout.write("listening\n"));
