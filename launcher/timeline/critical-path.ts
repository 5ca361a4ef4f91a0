/** What an `up` could not have been shorter than, given how long its steps took, and where it was longer. */
import type { Step } from "./steps";

/** For each resource, by URN, those that have to be there before it (its `dependencies` in pulumi's state). */
export type Dependencies = ReadonlyMap<string, readonly string[]>;

/** A step, and since when everything that it depends on was there. */
export interface Timed extends Step {
    ready: number;
}

/** Milliseconds. */
export const duration = ({ start, end }: Pick<Step, "start" | "end">) => end - start;
/** How long a step that could have been begun was not, in milliseconds. */
export const waited = ({ ready, start }: Timed) => Math.max(0, start - ready);

/**
 * The chain of steps, each depending on the one before it, that took longest in sum. Dependencies through resources on which nothing was
 * done count as well. Empty without steps; fails on dependencies that go round.
 */
export function criticalPath(steps: Step[], dependencies: Dependencies): Step[] {
    const byUrn = group(steps);
    const found = new Map<string, { length: number; steps: Step[] }>();
    const longestTo = (urn: string, below: string[]): { length: number; steps: Step[] } => {
        const known = found.get(urn);
        if (known) return known;
        if (below.includes(urn)) throw new Error(`these depend on each other: ${[...below, urn].join(", ")}`);
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

/** Each step with the time from which on it could have run: the end of what it depends on, or `begin` (when pulumi was ready for a first step). */
export function withReadiness(steps: Step[], dependencies: Dependencies, begin: number): Timed[] {
    const byUrn = group(steps);
    const found = new Map<string, number>();
    /** When `urn` was there; of one on which nothing was done, when all was that it depends on. */
    const thereAt = (urn: string): number =>
        found.get(urn) ?? remember(urn, Math.max(readyAt(urn), ...(byUrn.get(urn) ?? []).map(({ end }) => end)));
    const readyAt = (urn: string): number => Math.max(begin, ...(dependencies.get(urn) ?? []).map(thereAt));
    const remember = (urn: string, at: number) => {
        found.set(urn, at);
        return at;
    };
    return steps.map((step) => ({ ...step, ready: readyAt(step.urn) }));
}

/** A replacement is several steps on one resource. */
function group(steps: Step[]): Map<string, Step[]> {
    const byUrn = new Map<string, Step[]>();
    for (const step of [...steps].sort((a, b) => a.start - b.start))
        byUrn.set(step.urn, [...(byUrn.get(step.urn) ?? []), step]);
    return byUrn;
}
