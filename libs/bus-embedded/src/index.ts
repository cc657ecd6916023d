export { type EmbeddedBusConfig, type EmbeddedBusPorts, openEmbeddedBus } from "./embedded-bus.ts";
export {
  type DataFileError,
  type DataFileErrorDetail,
  dataDirectoryInUse,
  dataFileUnusable,
} from "./errors.ts";
