/** What the monitoring's roles have in common. */
import { platforms } from "../catalog/platforms/index";
import type { Monitoring } from "../catalog/platforms/platform";
import { machinesWith, type LabDescription } from "../config/description";

export const monitorsOf = (description: LabDescription) => machinesWith(description, "monitor");

/** The monitoring's programs. Undefined where no machine is a monitor. */
export const monitoringOf = (description: LabDescription): Monitoring | undefined =>
    monitorsOf(description).length > 0 ? platforms[description.platform].monitoring : undefined;
