import { centos7 } from "./centos-7";
import { centosStream9 } from "./centos-stream-9";
import { debian13 } from "./debian-13";
import type { Platform } from "./platform";

export { databaseServerNames, jdkNames, type DatabaseServerName, type Platform } from "./platform";
export const platformNames = ["centos-7", "centos-stream-9", "debian-13"] as const;
export type PlatformName = (typeof platformNames)[number];
export const platforms: Record<PlatformName, Platform> = {
    "centos-7": centos7,
    "centos-stream-9": centosStream9,
    "debian-13": debian13,
};
