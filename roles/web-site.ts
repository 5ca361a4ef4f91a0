import * as crypto from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import type { RoleConfiguration } from "./role-configuration";
import type { RoleContext } from "./role-definition";

export const appBase = "/tomcat/app";
export const docBase = `${appBase}/mysite`;

const folder = path.join(__dirname, "..", "site", "mysite");

const fileNames = () =>
    fs
        .readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
        .sort();
const contentOf = (name: string) => fs.readFileSync(path.join(folder, name), "utf8");

/** Pages are compiled, and what they are compiled from keeps the time of copying, which Tomcat compares. */
const isServedAsItIs = (name: string) => !/^(WEB|META)-INF\/|\.jspx?$/.test(name);

/** `DIGEST FILE` lines: the content of each file that Tomcat serves as it is. */
export const siteContents = () =>
    fileNames()
        .filter(isServedAsItIs)
        .map((name) => `${crypto.createHash("sha256").update(contentOf(name)).digest("hex").slice(0, 16)} ${name}\n`)
        .join("");

/**
 * The JSP application, the same files on every app server (article, row 15). Tomcat notices a changed page without a
 * restart. It makes ETag and Last-Modified from a file's time, which therefore is the same on every app server.
 */
export const webSiteConfiguration = ({ siteTimes }: Pick<RoleContext, "siteTimes">): RoleConfiguration => ({
    files: fileNames().map((name) => ({ path: `${docBase}/${name}`, content: contentOf(name) })),
    // No secret, but standard input takes what only Pulumi's state knows.
    secrets: { "site-times": siteTimes },
    finish: [
        'while read -r time _ file || [ -n "$time" ]; do',
        `    touch --no-create --date="@$time" "${docBase}/$file"`,
        'done < "$secrets/site-times"',
    ],
});
