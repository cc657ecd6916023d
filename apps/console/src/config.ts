import { type ConfigSchema, defineConfig, port, secret, text } from "@seedfleet/runtime";

export type ConsoleConfig = {
  readonly host: string;
  readonly port: number;
  readonly advertisedUrl: string | null;
  /** For what is not everybody's to read. */
  readonly apiToken: string | null;
};

/** The console's own settings; those every service has come from `libs/service`. */
export const consoleConfig: ConfigSchema<ConsoleConfig> = defineConfig({
  host: text({
    env: "SEEDFLEET_CONSOLE_HOST",
    doc: "The address to listen on.",
    default: "127.0.0.1",
  }),
  port: port({
    env: "SEEDFLEET_CONSOLE_PORT",
    doc: "The port of the console; 0 takes a free one.",
    default: 8080,
  }),
  advertisedUrl: text({
    env: "SEEDFLEET_CONSOLE_URL",
    doc: "The URL people reach the console by, where it is not the address listened on.",
    default: null,
  }),
  apiToken: secret({
    env: "SEEDFLEET_CONSOLE_API_TOKEN",
    doc: `The token (Authorization: Bearer) without which nobody is told of peers: their addresses
are personal data. Without one only a console at a loopback address, and without a URL, tells.`,
  }),
});
