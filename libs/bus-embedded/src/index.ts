export { type EmbeddedBusConfig, openEmbeddedBus } from "./embedded-bus.ts";
export {
  type DataFileError,
  type DataFileErrorDetail,
  dataDirectoryInUse,
  dataFileUnusable,
} from "./errors.ts";
