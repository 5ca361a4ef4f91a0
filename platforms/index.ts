import { debian13 } from "./debian-13";
import type { Platform } from "./platform";

export type { Platform } from "./platform";
export const platformNames = ["debian-13"] as const;
export type PlatformName = (typeof platformNames)[number];
export const platforms: Record<PlatformName, Platform> = { "debian-13": debian13 };
