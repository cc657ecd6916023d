import { describeListing } from "./listing-suite.ts";
import { startFauxqsStore } from "./testing.ts";

describeListing("fauxqs", startFauxqsStore);
