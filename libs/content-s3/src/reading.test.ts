import { describeReading } from "./reading-suite.ts";
import { startFauxqsStore } from "./testing.ts";

describeReading("fauxqs", startFauxqsStore);
