import type { LabDescription } from "../config/description";

/** The size at which a log begins a new file. With `days` old files, it never takes more than `maxMiB`. */
export const fileKiB = ({ days, maxMiB }: LabDescription["logs"]) => Math.floor((maxMiB * 1024) / (days + 1));
