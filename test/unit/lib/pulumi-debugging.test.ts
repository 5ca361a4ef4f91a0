import { createRequire } from "node:module";
import { afterEach, expect, test, vi } from "vitest";
import { withoutPulumisDebugging } from "../../../lib/pulumi-debugging";

interface Request {
    getMessage(): string;
}
// The SDK's own module objects, which its other modules use.
const load = createRequire(__filename);
const log = load("@pulumi/pulumi/log") as Record<"debug" | "warn", (message: string) => Promise<void>>;
const settings = load("@pulumi/pulumi/runtime/settings") as { getEngine: () => unknown };

afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
});

test("debug messages reach the engine only where they are asked for, others always", async () => {
    let sent: string[] = [];
    vi.spyOn(settings, "getEngine").mockReturnValue({
        log: (request: Request, done: () => void) => {
            sent.push(request.getMessage());
            done();
        },
    });
    const say = async () => {
        sent = [];
        await log.debug("a detail");
        await log.warn("a warning");
        return sent;
    };
    expect(await say()).toEqual(["a detail", "a warning"]);
    withoutPulumisDebugging();
    expect(await say()).toEqual(["a warning"]);
    vi.stubEnv("LAB_DEBUG", "true");
    expect(await say()).toEqual(["a detail", "a warning"]);
});

test("an error with a message has its stack, and none without", () => {
    withoutPulumisDebugging();
    expect(new Error("broken").stack).toContain("pulumi-debugging.test.ts");
    expect(new Error().stack).toBe("");
});
