import { createProgress } from "../lib/progress";

/** The launcher's progress, on standard error: standard output is for results. */
export const progress = createProgress(process.stderr);
