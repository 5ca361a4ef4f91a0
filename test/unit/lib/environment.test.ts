import { expect, test, vi, afterEach } from "vitest";
import * as path from "node:path";
import {
    asVariables,
    builtImagePath,
    cacheFolder,
    callersFolder,
    checkout,
    defaultStack,
    goOffline,
    homeFolder,
    isDebugging,
    isFirstTime,
    isOffline,
    machinesFolder,
    resolveForCaller,
    stackFolder,
} from "../../../lib/environment";

const variables = asVariables({
    home: "/home",
    cache: "/cache",
    offline: "1",
    stack: "dev",
    calledFrom: "/called",
    image: "/image",
    machines: "/machines",
    debug: "true",
    firstTime: "true",
});

afterEach(() => {
    vi.unstubAllEnvs();
});

test("without variables", () => {
    for (const name of Object.keys(variables)) vi.stubEnv(name, undefined);
    expect([homeFolder(), cacheFolder(), defaultStack()]).toEqual([
        "/var/lib/ha-web-lab",
        "/var/cache/ha-web-lab",
        "local",
    ]);
    expect([isOffline(), isDebugging(), isFirstTime()]).toEqual([false, false, false]);
    expect([builtImagePath(), machinesFolder()]).toEqual([undefined, undefined]);
    expect(callersFolder()).toBe(process.cwd());
    expect(path.isAbsolute(checkout)).toBe(true);
});

test("every setting is read from the variable that it is handed on by", () => {
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
    expect([stackFolder("local"), cacheFolder(), defaultStack()]).toEqual(["/home/local", "/cache", "dev"]);
    expect([isOffline(), isDebugging(), isFirstTime()]).toEqual([true, true, true]);
    expect([builtImagePath(), machinesFolder()]).toEqual(["/image", "/machines"]);
    expect([resolveForCaller("up.svg"), resolveForCaller("/tmp/up.svg")]).toEqual(["/called/up.svg", "/tmp/up.svg"]);
});

test("an undefined setting removes a variable that would be inherited", () => {
    expect(asVariables({ image: undefined })).toEqual({ LAB_IMAGE: undefined });
});

test("--offline counts for programs that are started, too", () => {
    vi.stubEnv("LAB_OFFLINE", undefined);
    goOffline();
    expect(process.env.LAB_OFFLINE).toBe("1");
});
