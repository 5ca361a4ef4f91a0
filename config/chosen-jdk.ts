import type { LabDescription } from "./description";
import { platforms } from "../catalog/platforms/index";
import type { Jdk } from "../catalog/platforms/platform";

/** The JDK of a lab's app servers on its platform. */
export function jdkOf({ platform, java }: Pick<LabDescription, "platform" | "java">): Jdk {
    const jdk = platforms[platform].jdks[java];
    if (!jdk) throw new Error(`${platform} has no ${java}: config/checks.ts lets none pass`);
    return jdk;
}
