import type { Progress } from "../../../lib/progress";
import { Playbook } from "./ansible/playbook";
import { BenchLab, timed } from "./bench-lab";
import { jobs, type Effort, type Job, type Side } from "./jobs";

/** One side's way to bring machines to the state that the stack file describes. */
interface Contestant {
    /** Prepares new machines. Not timed. */
    prepare(): Promise<void>;
    /** Prepares the side after each change of the stack file. Not timed. */
    render(): Promise<void>;
    converge(firstTime: boolean): Promise<unknown>;
}

/** Measures this program and then Ansible. Each gets new machines, made by the same tool from the same stack file. */
export async function compareWithAnsible(like: string, progress: Progress): Promise<{ ours: Side; ansible: Side }> {
    const ours = await BenchLab.with(like, true, (lab) =>
        contest(lab, "this program", progress, {
            prepare: () => Promise.resolve(),
            render: () => Promise.resolve(),
            converge: () => lab.lab("up"),
        }),
    );
    const ansible = await BenchLab.with(like, true, async (lab) => {
        const playbook = await Playbook.create(lab, progress);
        return contest(lab, "Ansible", progress, {
            prepare: () => playbook.installPython(),
            render: () => playbook.render(),
            converge: (firstTime) => playbook.play(firstTime),
        });
    });
    return { ours, ansible };
}

async function contest(lab: BenchLab, who: string, progress: Progress, contestant: Contestant): Promise<Side> {
    const { description } = lab;
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
            await lab.boot();
            await contestant.prepare();
            await contestant.render();
        });
    await boot("machines");
    const [converged, nothing] = [await job("converge"), await job("nothing")];
    const director = description.machines.findLast(({ roles }) => roles.includes("director"));
    if (!director) throw new Error("the stack has no director");
    lab.change(["machines", director.name, "priority"], Math.max(1, (director.priority ?? 100) - 20));
    await contestant.render();
    const file = await job("file");
    lab.addAppServer();
    await boot("one more machine");
    return { converge: converged, nothing, file, added: await job("added") };
}
