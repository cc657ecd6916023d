export { Bitfield, bitfieldBytes } from "./bitfield.ts";
