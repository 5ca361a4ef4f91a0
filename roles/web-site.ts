import * as crypto from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { words } from "../lib/shell";
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

/** Other files are pages, and what pages are compiled from. */
const isServedAsItIs = (name: string) => !/^(WEB|META)-INF\/|\.jspx?$/.test(name);

const digestOf = (name: string) => crypto.createHash("sha256").update(contentOf(name)).digest("hex");

/** The application's files on the control machine. */
export const siteFiles = () =>
    fileNames().map((name) => ({ name, source: path.join(folder, name), digest: digestOf(name) }));

/**
 * Shell function `date_by_content FILE`: gives a page a time between 2000 and 2017 that is made from its content.
 * Tomcat compiles a page anew unless it has the time that the class remembers. Such times are the same in all labs, so
 * classes can be carried, and another content has another time.
 */
export const dateByContent = `date_by_content() {
    digest=$(sha256sum < "$1" | cut -c 1-8)
    touch --date="@$((946684800 + 0x$digest / 8))" "$1"
}`;

/** `DIGEST FILE` lines: the content of each file that Tomcat serves as it is. */
export const siteContents = () =>
    fileNames()
        .filter(isServedAsItIs)
        .map((name) => `${digestOf(name).slice(0, 16)} ${name}\n`)
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
        dateByContent,
        `for file in ${words(fileNames().filter((name) => !isServedAsItIs(name)))}; do`,
        `    date_by_content "${docBase}/$file"`,
        "done",
        'while read -r time _ file || [ -n "$time" ]; do',
        `    touch --no-create --date="@$time" "${docBase}/$file"`,
        'done < "$secrets/site-times"',
    ],
});
