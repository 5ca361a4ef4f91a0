/** Wrong stack files: the article's description with one change, and the mistakes that are reported. */
import { readConfiguration } from "../../roles/configuration";
import { ConfigurationError } from "../../config/mistakes";
import { articleLab } from "./article";

export type Stack = ReturnType<typeof articleLab>;
export type Change = (stack: Stack) => unknown;
/** A reported mistake. `path` is the setting's. */
export type Said = [path: string, problem: string, remedy: string];

export function mistakesOf(change: Change): { said: Said[]; error: ConfigurationError | undefined } {
    const stack = articleLab();
    change(stack);
    try {
        readConfiguration(stack, "test");
        return { said: [], error: undefined };
    } catch (error) {
        if (!(error instanceof ConfigurationError)) throw error;
        return { said: error.mistakes.map(({ path: where, problem, remedy }) => [where, problem, remedy]), error };
    }
}

export const machine = (stack: Stack, name: string) => stack.machines[name] as Stack["machines"][string];
export const virtual = (stack: Stack, more: object = {}) =>
    Object.assign(
        stack,
        {
            machineKind: "vm",
            hypervisor: "qemu:///system",
            isolated: false,
            packageProxy: "none",
            image: { source: "/image.qcow2" },
        },
        more,
    );
