import * as fs from "node:fs";
import * as path from "node:path";
import type { RoleConfiguration } from "./role-configuration";

export const appBase = "/tomcat/app";
export const docBase = `${appBase}/mysite`;

const folder = path.join(__dirname, "..", "site", "mysite");

/**
 * The JSP application, the same files on every app server (article, row 15). Tomcat notices a changed page without a
 * restart.
 */
export function webSiteConfiguration(): RoleConfiguration {
    const names = fs
        .readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));
    return {
        files: names
            .sort()
            .map((name) => ({ path: `${docBase}/${name}`, content: fs.readFileSync(path.join(folder, name), "utf8") })),
    };
}
