import { afterEach } from "vitest";
import { reportOnCalls } from "./checkout";

// A test that ran into its time limit has no other way to say over what.
afterEach(async ({ task }) => {
    const error = task.result?.errors?.at(-1);
    if (error) error.message += await reportOnCalls();
});
