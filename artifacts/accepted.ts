/**
 * Checksums of files whose publisher publishes none. A user checks such a file once and accepts it (`./lab accept`);
 * from then on no other file is used in its place. The sums are in the checkout, so that all users of a repository
 * share them.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeWholeFile } from "../lib/write-file";
import { checkout } from "../lib/environment";
import type { ArtifactName } from "../catalog/artifacts";

/** sha256 by artifact. */
export type Sums = Partial<Record<ArtifactName, string>>;

export const acceptedFile = join(checkout, "artifacts", "accepted.json");

export const readAccepted = (file = acceptedFile): Sums =>
    existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Sums) : {};

/** Accepts files by their sums. The sums of other artifacts stay. */
export function accept(sums: Sums, file = acceptedFile): void {
    const all = Object.entries({ ...readAccepted(file), ...sums }).sort(([a], [b]) => (a < b ? -1 : 1));
    writeWholeFile(file, `${JSON.stringify(Object.fromEntries(all), undefined, 4)}\n`);
}
