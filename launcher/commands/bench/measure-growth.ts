import type { LabDescription } from "../../../config/description";
import type { Progress } from "../../../lib/progress";
import { withoutPulumisDebugging } from "../../../lib/pulumi-debugging";
import { BenchLab, timed } from "./bench-lab";
import { best } from "./measure-limits";

/** The measurements of a lab with a number of app servers. Times are in seconds. */
export interface Size {
    appServers: number;
    machines: number;
    preview: number;
    nothing: number;
    /** The time of an `up` that adds the next app server. */
    addsOne: number;
    state: { bytes: number; resources: number };
}

/** Lets a lab grow and measures it at each size, `times` times. `sizes` are rising numbers of app servers. */
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

/** The measurement of the program alone, with Pulumi's mocks, as `./lab plan` runs it. */
export interface ProgramSize {
    appServers: number;
    machines: number;
    resources: number;
    seconds: number;
}

/** Measures the program alone, also for more machines than this machine could carry. */
export async function measureProgram(
    description: LabDescription,
    progress: Progress,
    sizes: number[],
): Promise<ProgramSize[]> {
    const { countResources } = await import("../plan/plan");
    // index.ts does the same.
    withoutPulumisDebugging();
    const others = description.machines.filter(({ roles }) => roles.join() !== "app");
    const example = description.machines.find(({ roles }) => roles.join() === "app");
    const appsAmongOthers = others.filter(({ roles }) => roles.includes("app")).length;
    if (!example) throw new Error("the stack has no machine whose only role is app");
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
