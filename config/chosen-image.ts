import type { Site } from "./site";
import { platforms } from "../catalog/platforms/index";

/** The disk image that a site's virtual machines start from: the stack file's, else the platform's. */
export const imageOf = (site: Pick<Site, "image" | "platform">) => site.image ?? platforms[site.platform].image;
