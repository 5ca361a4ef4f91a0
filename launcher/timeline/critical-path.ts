/** The critical path of an `up`: with the steps as long as they were, `up` could not have been shorter than it. */
import type { Step } from "./steps";

/** The dependencies of each resource, by URN, from pulumi's state. */
export type Dependencies = ReadonlyMap<string, readonly string[]>;

/** A step, and the time from which on everything that it depends on existed. */
export interface Timed extends Step {
    ready: number;
}

/** Milliseconds. */
export const duration = ({ start, end }: Pick<Step, "start" | "end">) => end - start;
/** How long a step began after the end of its dependencies, in milliseconds. */
export const waited = ({ ready, start }: Timed) => Math.max(0, start - ready);

/**
 * The chain of steps, each depending on the one before it, with the longest total time. Dependencies through resources
 * without a step count as well. Empty without steps. An Error if the dependencies have a circle.
 */
export function criticalPath(steps: Step[], dependencies: Dependencies): Step[] {
    const byUrn = stepsByUrn(steps);
    const found = new Map<string, { length: number; steps: Step[] }>();
    const longestTo = (urn: string, below: string[]): { length: number; steps: Step[] } => {
        const known = found.get(urn);
        if (known) return known;
        if (below.includes(urn)) throw new Error(`these resources depend on each other: ${[...below, urn].join(", ")}`);
        const before = longest(
            (dependencies.get(urn) ?? []).map((dependency) => longestTo(dependency, [...below, urn])),
        );
        const own = byUrn.get(urn) ?? [];
        const all = {
            length: before.length + own.reduce((sum, step) => sum + duration(step), 0),
            steps: [...before.steps, ...own],
        };
        found.set(urn, all);
        return all;
    };
    return longest([...byUrn.keys()].map((urn) => longestTo(urn, []))).steps;
}

function longest(chains: { length: number; steps: Step[] }[]): { length: number; steps: Step[] } {
    return chains.reduce((best, chain) => (chain.length > best.length ? chain : best), { length: 0, steps: [] });
}

/** Adds to each step the time from which on it could have run. `begin`: when pulumi was ready for a first step. */
export function withReadiness(steps: Step[], dependencies: Dependencies, begin: number): Timed[] {
    const byUrn = stepsByUrn(steps);
    const found = new Map<string, number>();
    /** When the resource existed. A resource without a step existed as soon as its dependencies did. */
    const existedAt = (urn: string): number =>
        found.get(urn) ?? remember(urn, Math.max(readyAt(urn), ...(byUrn.get(urn) ?? []).map(({ end }) => end)));
    const readyAt = (urn: string): number => Math.max(begin, ...(dependencies.get(urn) ?? []).map(existedAt));
    const remember = (urn: string, at: number) => {
        found.set(urn, at);
        return at;
    };
    return steps.map((step) => ({ ...step, ready: readyAt(step.urn) }));
}

/** The steps of each resource, in their order. A replacement is several steps. */
function stepsByUrn(steps: Step[]): Map<string, Step[]> {
    const byUrn = new Map<string, Step[]>();
    for (const step of [...steps].sort((a, b) => a.start - b.start))
        byUrn.set(step.urn, [...(byUrn.get(step.urn) ?? []), step]);
    return byUrn;
}
