import type { LabDescription } from "./description";
import { platforms } from "../catalog/platforms/index";

/** The disk image that virtual machines start from: the stack file's, else the platform's. */
export const imageOf = (description: Pick<LabDescription, "image" | "platform">) =>
    description.image ?? platforms[description.platform].image;
