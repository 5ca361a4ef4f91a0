import * as path from "node:path";

/** A path inside the repository that the tests belong to. */
export const repository = (...parts: string[]) => path.join(__dirname, "../..", ...parts);

/** The path of an expected result. */
export const golden = (...parts: string[]) => repository("test", "golden", ...parts);
