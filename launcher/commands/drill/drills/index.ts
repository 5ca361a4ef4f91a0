import type { Drill } from "../drill";
import { appServerDrills } from "./app-servers";
import { backEndDrills } from "./back-end";
import { directorDrills } from "./directors";
import { settingDrills } from "./settings";
import { upDrills } from "./up";
import { calmDrills, wholeLabDrills } from "./whole-lab";

/** Words that stand for several drills, in the order in which these run. */
export const drillGroups = {
    all: {
        ...calmDrills,
        ...directorDrills,
        ...appServerDrills,
        ...backEndDrills,
        ...wholeLabDrills,
        ...upDrills,
    },
    "change-everything": settingDrills,
} satisfies Record<string, Record<string, Drill>>;

/** All drills by name. */
export const drills: Record<string, Drill> = { ...drillGroups.all, ...drillGroups["change-everything"] };
