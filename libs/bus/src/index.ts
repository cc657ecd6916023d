export type {
  Bus,
  CallOptions,
  ServeOptions,
  ServeStreamOptions,
  StreamHandler,
  StreamOptions,
} from "./bus.ts";
export { type BusPorts, createBus } from "./create-bus.ts";
export {
  type BusEvent,
  type Call,
  CHUNKS_IN_FLIGHT_LIMIT,
  defineCall,
  defineEvent,
  defineStream,
  type Params,
  paramsOf,
  patternFor,
  type Schema,
  type StreamCall,
  type SubjectParams,
  subjectFor,
} from "./definitions.ts";
export {
  aborted,
  type BusError,
  type BusErrorDetail,
  closed,
  disconnected,
  invalidPayload,
  noResponders,
  payloadTooLarge,
  remoteFailed,
  storeFailed,
  streamBroken,
  timedOut,
} from "./errors.ts";
export { type AtOnce, Landing, type LandingMemory } from "./landing.ts";
export {
  assertBucket,
  assertKey,
  assertObjectName,
  type FoundObject,
  type KeyValue,
  type KeyValueChange,
  type KeyValueEntry,
  type ObjectStore,
} from "./stores.ts";
export type {
  ArrivingPayload,
  BusMessage,
  BusStatus,
  BusTransport,
  Headers,
  PublishOptions,
  SubscribeOptions,
  Subscription,
} from "./transport.ts";
export {
  assertLane,
  assertQueue,
  assertWorkOptions,
  JOB_EXPIRY_MS,
  JOB_RETRY_DELAY_MS_MAX,
  type JobHandler,
  jobRetryDelayMs,
  type QueuedJob,
  type QueueWorker,
  type WorkOptions,
  type WorkQueue,
} from "./work-queue.ts";
