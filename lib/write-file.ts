import * as fs from "node:fs";

/** Writes a whole file in one step: another process reads the file before or the new one, never a part. */
export function writeWholeFile(file: string, content: string, options: { mode?: number } = {}): void {
    const fresh = `${file}.new-${process.pid}`;
    fs.writeFileSync(fresh, content, options);
    fs.renameSync(fresh, file);
}
