/** The sizes of the days and their line, fetched after the wall itself: they come later than it anyway. */

export { Sizes } from "../data/sizes";
export { sparkline } from "./sparkline";
