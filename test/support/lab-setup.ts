import { afterEach } from "vitest";
import { reportOnCalls } from "./checkout";

// Without this, the error of a test that ran into its time limit does not say what the test waited for.
afterEach(async ({ task }) => {
    const error = task.result?.errors?.at(-1);
    if (error) error.message += await reportOnCalls();
});
