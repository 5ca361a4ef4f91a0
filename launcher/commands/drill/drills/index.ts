import type { Drill } from "../drill";
import { appServerDrills } from "./app-servers";
import { backEndDrills } from "./back-end";
import { directorDrills } from "./directors";
import { upDrills } from "./up";
import { calmDrills, wholeLabDrills } from "./whole-lab";

/** All drills by name, in the order in which `all` runs them. */
export const drills: Record<string, Drill> = {
    ...calmDrills,
    ...directorDrills,
    ...appServerDrills,
    ...backEndDrills,
    ...wholeLabDrills,
    ...upDrills,
};
