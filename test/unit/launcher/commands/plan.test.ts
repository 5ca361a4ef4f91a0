/**
 * The plans of the article's lab on all platforms, with every file and command. One is in test/golden/plans as a whole,
 * the others as differences from it. A part that several scripts have in common stands there once.
 */
import { expect, test } from "vitest";
import { platformNames, platforms, type PlatformName } from "../../../../catalog/platforms/index";
import { releaseNames, type ReleaseName } from "../../../../catalog/releases";
import { plan } from "../../../../launcher/commands/plan/plan";
import { StackFile } from "../../../../launcher/stack/stack-file";
import { readDescription } from "../../../../roles/configuration";
import { elideRepeats } from "../../../support/elide-repeats";
import { planDifferences } from "../../../support/plan-differences";
import { golden } from "../../../support/repository";

// Pulumi takes a stack trace for each of its thousands of promises, which takes half of the time.
Error.stackTraceLimit = 0;

/** The article's machines, as stack dev has them. */
const settings = new StackFile("dev").settings;

function planOf(platform: PlatformName, release: ReleaseName): Promise<string> {
    const image = platforms[platform].image ? {} : { image: { source: "/images/debian-13.qcow2" } };
    // Tengine 2.1.0, the article's, compiles on CentOS 7 only.
    const director = release === "article" && platform !== "centos-7" ? { director: { source: "tengine-3.1.0" } } : {};
    const description = readDescription({ ...settings, platform, release, ...image, ...director }, "dev");
    return plan(description, { commands: true });
}

const base = planOf("debian-13", "article");

/** Updates the file with vitest's `-u`. */
async function expectPlan(text: string, name: string) {
    const file = golden("plans", name);
    try {
        await expect(text).toMatchFileSnapshot(file);
    } catch (error) {
        if (error instanceof Error)
            error.message = `The plan differs from test/golden/plans/${name}. If the change is meant, update the file: npx vitest run --project unit -u plan.test`;
        throw error;
    }
}

for (const platform of platformNames) {
    for (const release of releaseNames) {
        const name = `${platform}-${release}`;
        test(`the plan on ${platform}, release ${release}`, async () => {
            if (name === "debian-13-article") await expectPlan(elideRepeats(await base), `${name}.txt`);
            else
                await expectPlan(
                    elideRepeats(planDifferences(await base, await planOf(platform, release))),
                    `${name}.diff`,
                );
        });
    }
}

test("a machine's plan has no steps of a machine whose name begins with the same word", async () => {
    const { nod0, nod2, ...others } = settings.machines as Record<string, object>;
    const description = readDescription({ ...settings, machines: { web: nod0, "web-2": nod2, ...others } }, "dev");
    const sections = (await plan(description, { commands: false })).split("\n\n");
    const of = (machine: string) => sections.find((section) => section.startsWith(`${machine}  `)) ?? "";
    const steps = (machine: string) => of(machine).match(/^ {2}[\w-]+/gm);
    const roles = [
        "  packages",
        "  base",
        "  firewall",
        "  logs",
        "  java",
        "  site",
        "  tomcat",
        "  httpd",
        "  retired",
    ];
    const machineItself = ["  start", "  chrony", "  tomcat-build"];
    expect(steps("web")?.sort()).toEqual([...roles, ...machineItself].sort());
    expect(steps("web-2")).toEqual(expect.arrayContaining([...roles, "  memcached"]));
});
