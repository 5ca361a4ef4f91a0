/** What the settings of `site.application` say about the application, before anything is looked at. */
import { sampleSource } from "../catalog/sample";
import type { LabDescription } from "./description";

type Described = Pick<LabDescription, "site">;

/** Whether the site is the sample, whose pages `verify`, drills and the benchmark know. */
export const isSample = ({ site }: Described) => site.application.source === sampleSource;

export type SourceKind = "address" | "maven" | "archive" | "folder";

/** `group:artifact:version`, and a classifier. */
export const mavenCoordinate = /^[A-Za-z0-9_.-]+:[A-Za-z0-9_.-]+:[A-Za-z0-9_.-]+(:[A-Za-z0-9_.-]+)?$/;

export function sourceKind(source: string): SourceKind {
    if (/^https?:\/\//.test(source)) return "address";
    if (mavenCoordinate.test(source)) return "maven";
    return source.endsWith(".war") ? "archive" : "folder";
}

/** Where visitors find the application, with a slash at its beginning and end. */
export const startPath = ({ site }: Described) => `${site.application.contextPath}/`;

/** The path that answers with 2xx or 3xx while the application works. */
export const healthPath = (description: Described) =>
    description.site.application.health ?? (isSample(description) ? "/health" : startPath(description));

/** What directors ask every second. The sample leaves its database out: without it, the pages still come. */
export const checkedPath = (description: Described) =>
    isSample(description) ? `${healthPath(description)}?shallow` : healthPath(description);
