/** Files of machines as text. */
import type { LabDescription } from "../../config/description";
import { fileOf } from "./steps";

export const nginxConf = "/etc/tengine/nginx.conf";
export const keepalivedConf = "/etc/keepalived/keepalived.conf";
export const tomcat = "/usr/local/tomcat";

export const textOf = async (description: LabDescription, machine: string, file: string) =>
    (await fileOf(description, machine, file)).text;

/** Lines without indentation. */
export const trimmedLines = (content: string) => content.split("\n").map((line) => line.trim());
