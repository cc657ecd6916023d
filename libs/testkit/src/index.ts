export {
  type BusSuiteOptions,
  describeBusTransport,
} from "./bus-compliance/describe-bus-transport.ts";
export { type BusUnderTest, losing } from "./bus-compliance/fixture.ts";
export { type GivenCertificate, givenCertificate } from "./given-certificate.ts";
export { type NatsServer, startNatsServer } from "./nats-server.ts";
export {
  type RealPart,
  type RealPartName,
  realPart,
  realPartTest,
  requireRealPart,
  skipWithout,
} from "./real-part.ts";
export { ownMountsTests, SmallDisk } from "./small-disk.ts";
export { VirtualClock } from "./virtual-clock.ts";
export { advanceUntil, Gathered, turn } from "./waiting.ts";
