/** `./lab ... | head`: the program that reads the output of `./lab` ends first. */
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { repository } from "../../support/repository";

const start = (words: string[]) =>
    spawn(process.execPath, [repository("launcher/bundle/run.cjs"), "lab", ...words], {
        cwd: repository(),
        stdio: ["ignore", "pipe", "pipe"],
    });
const exitCode = (child: ReturnType<typeof start>) => new Promise((resolve) => child.once("close", resolve));

test.each([[["plan", "--commands"]], [["plan"]], [["help"]], [["help", "up"]], [["completion", "bash"]]])(
    "%j ends quietly and well",
    async (words) => {
        const child = start(words);
        child.stdout.destroy();
        expect(await Promise.all([text(child.stderr), exitCode(child)])).toEqual(["", 0]);
    },
);

test("a mistake keeps its exit code when nobody reads the message", async () => {
    const child = start(["nonsense"]);
    child.stderr.destroy();
    expect(await exitCode(child)).toBe(2);
});
