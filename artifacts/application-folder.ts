/** Where an application lies on the control machine. */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { sourceKind } from "../config/application";
import type { LabDescription } from "../config/description";
import { checkout } from "../lib/environment";

export interface ApplicationFile {
    /** Relative, with slashes. */
    name: string;
    /** Path on the control machine. */
    source: string;
    digest: string;
}

/** A path of the stack file. */
export const pathOf = (text: string) => path.resolve(checkout, text);

/** The files in a folder, ordered by name. */
export const filesIn = (folder: string): ApplicationFile[] =>
    fs
        .readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.join(entry.parentPath, entry.name))
        .map((source) => ({ name: path.relative(folder, source), source }))
        .sort((a, b) => (a.name < b.name ? -1 : 1))
        .map((file) => ({ ...file, digest: createHash("sha256").update(fs.readFileSync(file.source)).digest("hex") }));

/**
 * The folder of an application that is nothing but pages, as the sample is. Tomcat notices a changed page without a
 * restart. Undefined for an application with classes of its own: those cannot change under a running Tomcat.
 */
export function pagesFolder({ site }: Pick<LabDescription, "site">): string | undefined {
    const { source, files } = site.application;
    if (files !== undefined || sourceKind(source) !== "folder") return undefined;
    const folder = pathOf(source);
    return ["classes", "lib"].some((name) => fs.existsSync(path.join(folder, "WEB-INF", name))) ? undefined : folder;
}
