import type { Progress } from "../../../lib/progress";
import { Playbook } from "./ansible/playbook";
import { BenchLab, timed, withoutLayers } from "./bench-lab";
import { jobs, type Comparison, type Effort, type Job, type Side } from "./jobs";

/** One side's way to bring machines to the state that the stack file describes. */
interface Contestant {
    /** Prepares new machines. Not timed. */
    prepare(): Promise<void>;
    /** Prepares the side after each change of the stack file. Not timed. */
    render(): Promise<void>;
    converge(firstTime: boolean): Promise<unknown>;
}

/**
 * Measures this program and then Ansible. Each gets new machines, made by the same tool from the same stack file: with
 * `layers` from images that have all packages (bench/README.md).
 */
export async function compareWithAnsible(like: string, progress: Progress, layers: boolean): Promise<Comparison> {
    const images = layers ? ", with package layers" : "";
    const ours = await BenchLab.with(like, true, (lab) =>
        contest(lab, `this program${images}`, progress, layers, {
            prepare: () => Promise.resolve(),
            render: () => Promise.resolve(),
            // What up does after its end, in the background, would slow down what comes next.
            converge: () => lab.lab("up", withoutLayers),
        }),
    );
    const ansible = await BenchLab.with(like, true, async (lab) => {
        const playbook = await Playbook.create(lab, progress);
        return contest(lab, `Ansible${images}`, progress, layers, {
            prepare: () => playbook.prepareMachines(),
            render: () => playbook.render(),
            converge: (firstTime) => playbook.play(firstTime),
        });
    });
    return { ours, ansible };
}

async function contest(
    lab: BenchLab,
    who: string,
    progress: Progress,
    layers: boolean,
    contestant: Contestant,
): Promise<Side> {
    const { description } = lab;
    if (layers) await progress.step(`${who}: package layers`, () => lab.lab("bake"));
    const job = (name: Job) =>
        progress.step(`${who}: ${jobs[name]}`, async (): Promise<Effort> => {
            const before = lab.processorSeconds;
            const wall = await timed(async () => {
                await contestant.converge(name === "converge");
                await lab.check();
            });
            const after = lab.processorSeconds;
            return { wall, computing: after.all - before.all, machines: after.machines - before.machines };
        });
    const boot = (what: string) =>
        progress.step(`${who}: ${what}`, async () => {
            await lab.boot(layers);
            await contestant.prepare();
            await contestant.render();
        });
    await boot("machines");
    const [converged, nothing] = [await job("converge"), await job("nothing")];
    const director = description.machines.findLast(({ roles }) => roles.includes("director"));
    if (!director) throw new Error("the stack has no director");
    lab.stackFile.set(["machines", director.name, "priority"], Math.max(1, (director.priority ?? 100) - 20));
    await contestant.render();
    const file = await job("file");
    lab.addAppServer();
    await boot("one more machine");
    return { converge: converged, nothing, file, added: await job("added") };
}
