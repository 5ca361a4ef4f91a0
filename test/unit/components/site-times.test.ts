/** The script that keeps the times of the application's files, run by the shell. */
import { expect, test } from "vitest";
import { siteTimesScript } from "../../../components/site-times";
import { run } from "../../../lib/run";
import { siteWith } from "../../support/article";
import { siteContents } from "../../../roles/web-site";

/** What the script prints after a run that printed `before`, as TIME by `DIGEST FILE`. */
async function times(contents: string[], before: string[] = []): Promise<Record<string, number>> {
    const input = contents.map((line) => `${line}\n`).join("");
    const output = await run(["sh", "-c", siteTimesScript], {
        input,
        env: { ...process.env, PULUMI_COMMAND_STDOUT: before.join("\n") },
    });
    return Object.fromEntries(
        output
            .split("\n")
            .filter(Boolean)
            .map((line) => [line.replace(/^\d+ /, ""), Number(line.split(" ")[0])]),
    );
}
const now = () => Math.floor(Date.now() / 1000);

test("a file gets the present time, and keeps it until its content is another one", async () => {
    const start = now();
    const first = await times(["aa style.css", "bb big logo.svg"]);
    expect(Object.keys(first)).toEqual(["aa style.css", "bb big logo.svg"]);
    for (const time of Object.values(first)) expect(time).toBeGreaterThanOrEqual(start);

    const later = await times(
        ["cc style.css", "bb big logo.svg", "bb style.css"],
        ["1500 aa style.css", "1600 bb big logo.svg"],
    );
    expect(later["bb big logo.svg"]).toBe(1600);
    expect(later["cc style.css"]).toBeGreaterThanOrEqual(start);
    expect(later["bb style.css"]).toBe(later["cc style.css"]);
});

test("a changed file never looks older, even if the clock went backwards", async () => {
    const future = now() + 100_000;
    expect(await times(["cc style.css"], ["1500 bb logo.svg", `${future} aa style.css`])).toEqual({
        "cc style.css": future + 1,
    });
});

test("it is about the files that Tomcat serves as they are", () => {
    expect(siteContents(siteWith())).toMatch(/^[0-9a-f]{16} style\.css\n$/);
});
