import { describe, expect, test } from "vitest";
import { takeApart } from "../../../launcher/call";
import { UserError } from "../../../lib/errors";

describe("a call", () => {
    const call = (...words: string[]) => takeApart(words, (name) => name === "curl");
    test.each([
        [[], { name: undefined, stack: undefined, rest: [] }],
        [["up"], { name: "up", stack: undefined, rest: [] }],
        [["up", "-s", "dev", "--refresh"], { name: "up", stack: "dev", rest: ["--refresh"] }],
        [["up", "--stack", "dev"], { name: "up", stack: "dev", rest: [] }],
        [["up", "--refresh", "--stack=dev"], { name: "up", stack: "dev", rest: ["--refresh"] }],
        [["-s", "dev", "up", "--refresh"], { name: "up", stack: "dev", rest: ["--refresh"] }],
        [["--stack=dev", "up"], { name: "up", stack: "dev", rest: [] }],
        [["-s", "dev", "up", "-s", "local"], { name: "up", stack: "dev", rest: [] }],
        // Arguments after the command of another program are that program's.
        [["curl", "-s", "http://192.0.2.1/"], { name: "curl", stack: undefined, rest: ["-s", "http://192.0.2.1/"] }],
        [
            ["-s", "dev", "curl", "-s", "http://192.0.2.1/"],
            { name: "curl", stack: "dev", rest: ["-s", "http://192.0.2.1/"] },
        ],
        [["-s", "dev"], { name: undefined, stack: "dev", rest: [] }],
        [["up", "--offline", "--refresh"], { name: "up", stack: undefined, offline: true, rest: ["--refresh"] }],
        [["-s", "dev", "--offline", "up"], { name: "up", stack: "dev", offline: true, rest: [] }],
        [
            ["--offline", "-s", "dev", "curl", "--offline"],
            { name: "curl", stack: "dev", offline: true, rest: ["--offline"] },
        ],
        [["-silent", "up"], { name: "-silent", stack: undefined, rest: ["up"] }],
    ] as const)("%j", (words, expected) => {
        expect(call(...words)).toEqual({ offline: false, ...expected });
    });

    test.each([[["up", "-s"]], [["-s"]], [["up", "--stack="]]])("%j lacks a stack", (words) => {
        expect(() => call(...words)).toThrow(UserError);
    });
});
