import * as fs from "node:fs";
import { filesIn, pagesFolder, type ApplicationFile } from "../artifacts/application-folder";
import type { LocalArtifact } from "../artifacts/local-artifacts";
import type { LabDescription } from "../config/description";
import { words } from "../lib/shell";
import type { RoleConfiguration } from "./role-configuration";
import type { RoleContext } from "./role-definition";

export const appBase = "/tomcat/app";
/** Where applications that are nothing but pages lie, such as the sample. */
export const docBase = `${appBase}/mysite`;

/** A folder for each version of a packed application: a running Tomcat keeps the files that it has opened. */
export const versionsFolder = "/tomcat/applications";
/** The only folder besides temporary ones that a packed application may write to. It outlives every version. */
export const dataFolder = "/var/lib/site";

/** Where Tomcat finds the application. */
export const docBaseOf = ({ artifacts: { application } }: Pick<RoleContext, "artifacts">) =>
    application ? `${versionsFolder}/${versionOf(application)}` : docBase;

/** Names a version of a packed application. */
const versionOf = ({ sha256 }: LocalArtifact) => sha256.slice(0, 12);

/** The folder in Tomcat's home in which it keeps the classes of pages. Those of another version do not fit. */
export const workFolderOf = ({ artifacts: { application } }: Pick<RoleContext, "artifacts">) =>
    `work/${application ? versionOf(application) : "mysite"}`;

type Described = Pick<LabDescription, "site">;

/** The files of an application that is nothing but pages, on the control machine. */
export function siteFiles(description: Described): ApplicationFile[] {
    const folder = pagesFolder(description);
    return folder === undefined ? [] : filesIn(folder);
}

/** Other files are pages, and what pages are compiled from. */
const isServedAsItIs = ({ name }: ApplicationFile) => !/^(WEB|META)-INF\/|\.jspx?$/.test(name);

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
export const siteContents = (description: Described) =>
    siteFiles(description)
        .filter(isServedAsItIs)
        .map(({ name, digest }) => `${digest.slice(0, 16)} ${name}\n`)
        .join("");

/** The application, the same files on every app server (article, row 15). */
export function webSiteConfiguration(
    context: Pick<RoleContext, "siteTimes" | "description" | "artifacts">,
): RoleConfiguration {
    const { application } = context.artifacts;
    return application ? packedConfiguration(application, docBaseOf(context)) : pagesConfiguration(context);
}

/**
 * An application that is nothing but pages. Tomcat notices a changed page without a restart. It makes ETag and
 * Last-Modified from a file's time, which therefore is the same on every app server.
 */
function pagesConfiguration({
    siteTimes,
    description,
}: Pick<RoleContext, "siteTimes" | "description">): RoleConfiguration {
    const files = siteFiles(description);
    return {
        files: files.map(({ name, source }) => ({ path: `${docBase}/${name}`, content: textOrBytes(source) })),
        // No secret, but standard input takes what only Pulumi's state knows.
        secrets: { "site-times": siteTimes },
        finish: [
            dateByContent,
            `for file in ${words(files.filter((file) => !isServedAsItIs(file)).map(({ name }) => name))}; do`,
            `    date_by_content "${docBase}/$file"`,
            "done",
            'while read -r time _ file || [ -n "$time" ]; do',
            `    touch --no-create --date="@$time" "${docBase}/$file"`,
            'done < "$secrets/site-times"',
        ],
    };
}

/** Text as a string, so that a plan can show it, and anything else byte by byte. */
function textOrBytes(file: string): string | Buffer {
    const bytes = fs.readFileSync(file);
    const text = bytes.toString("utf8");
    return Buffer.from(text).equals(bytes) ? text : bytes;
}

/** An application with classes. Its Tomcat changes to the new version when its turn comes (roles/tomcat.ts). */
const packedConfiguration = ({ name, ...artifact }: LocalArtifact, folder: string): RoleConfiguration => ({
    artifacts: [{ name, ...artifact }],
    prepare: [
        "# Tomcat's host has this folder for pages, and complains without it.",
        `mkdir -p ${appBase}`,
        "# Unpacked beside its place and moved there: what is there is whole.",
        `if [ ! -d ${folder} ]; then`,
        `    rm -rf ${versionsFolder}/.new`,
        `    mkdir -p ${versionsFolder}/.new`,
        `    tar -xzf "$artifacts/${name}" --no-same-owner -C ${versionsFolder}/.new`,
        `    chmod -R u=rwX,go=rX ${versionsFolder}/.new`,
        `    mv ${versionsFolder}/.new ${folder}`,
        `    label ${versionsFolder}`,
        "fi",
    ],
});
