import { expect, test } from "vitest";
import { platforms, platformNames } from "../../../../catalog/platforms/index";
import { releaseNames } from "../../../../catalog/releases";
import { plan } from "../../../../launcher/commands/plan/plan";
import { StackFile } from "../../../../launcher/stack/stack-file";
import { readDescription } from "../../../../roles/configuration";

// Pulumi takes a stack trace for each of its thousands of promises, which is half of the time.
Error.stackTraceLimit = 0;

/** The article's machines, as stack dev has them. */
const settings = new StackFile("dev").settings;

for (const platform of platformNames) {
    for (const release of releaseNames) {
        test(`the plan of the article's lab on ${platform}, release ${release}, with every file and command`, async () => {
            const image = platforms[platform].image ? {} : { image: { source: "/images/debian-13.qcow2" } };
            // The article's Tengine compiles where the article ran it.
            const director =
                release === "article" && platform !== "centos-7" ? { director: { source: "tengine-3.1.0" } } : {};
            const description = readDescription({ ...settings, platform, release, ...image, ...director }, "dev");
            await expect(await plan(description, { commands: true })).toMatchFileSnapshot(
                `../../../golden/plans/${platform}-${release}.txt`,
            );
        });
    }
}
