/** What this program and Ansible are compared by. */

/** The jobs of each side, in this order. */
export const jobs = {
    converge: "booted machines to a verified site",
    nothing: "nothing to do",
    file: "one file of one role changed",
    added: "an app server added, from its boot on",
} as const;
export type Job = keyof typeof jobs;

/**
 * In seconds. `computing` is the processor time of the lab's machines and tools, the side's own tool included. On a
 * machine with other work it says more than `wall`.
 */
export interface Effort {
    wall: number;
    computing: number;
    /** The part of `computing` that the lab's machines used. */
    machines: number;
}
export type Side = Record<Job, Effort>;

/** Both sides with machines from the same images. */
export interface Comparison {
    ours: Side;
    ansible: Side;
}
