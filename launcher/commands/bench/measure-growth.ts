import type { LabDescription } from "../../../config/description";
import type { Progress } from "../../../lib/progress";
import { withoutPulumisDebugging } from "../../../lib/pulumi-debugging";
import { BenchLab, timed } from "./bench-lab";
import { best } from "./measure-limits";

/** A lab with so many app servers. Seconds. */
export interface Size {
    appServers: number;
    machines: number;
    preview: number;
    nothing: number;
    /** `up` that adds the next one. */
    addsOne: number;
    state: { bytes: number; resources: number };
}

/** Lets a lab grow, and looks at it at each size (numbers of app servers, rising), so many times. */
export async function measureGrowth(
    lab: BenchLab,
    progress: Progress,
    sizes: number[],
    times: number,
): Promise<Size[]> {
    const appServers = () => lab.description.machines.filter(({ roles }) => roles.includes("app")).length;
    const found: Size[] = [];
    for (const size of sizes) {
        await progress.step(`${size} app servers`, async (say) => {
            if (appServers() < size) {
                while (appServers() < size) lab.addAppServer();
                say("up");
                await lab.lab("up");
            }
            say("nothing to do");
            const at = {
                appServers: size,
                machines: lab.description.machines.length,
                state: lab.state,
                preview: await best(times, () => timed(() => lab.lab("preview"))),
                nothing: await best(times, () => timed(() => lab.lab("up"))),
            };
            say("one more");
            lab.addAppServer();
            found.push({ ...at, addsOne: await timed(() => lab.lab("up")) });
        });
    }
    return found;
}

/** The program alone, against a monitor that makes nothing (`./lab plan`'s). */
export interface ProgramSize {
    appServers: number;
    machines: number;
    resources: number;
    seconds: number;
}

/** For more machines than this one could carry. */
export async function measureProgram(
    description: LabDescription,
    progress: Progress,
    sizes: number[],
): Promise<ProgramSize[]> {
    const { countResources } = await import("../plan/plan");
    // As in index.ts.
    withoutPulumisDebugging();
    const others = description.machines.filter(({ roles }) => roles.join() !== "app");
    const example = description.machines.find(({ roles }) => roles.join() === "app");
    const appsAmongOthers = others.filter(({ roles }) => roles.includes("app")).length;
    if (!example) throw new Error("a site without a machine that is an app server alone");
    return progress.step("the program alone", async () => {
        const found: ProgramSize[] = [];
        for (const size of sizes) {
            const apps = Array.from({ length: size - appsAmongOthers }, (_, index) => ({
                ...example,
                name: `app${index}`,
                address: example.address.replace(/\d+$/, String(10 + index)),
            }));
            const large = { ...description, machines: [...others, ...apps] };
            let resources = 0;
            const seconds = await best(5, () =>
                timed(async () => {
                    resources = await countResources(large);
                }),
            );
            found.push({ appServers: size, machines: large.machines.length, resources, seconds });
        }
        return found;
    });
}
