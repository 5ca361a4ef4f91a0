import { UserError } from "../../../lib/errors";

/** `unknown`: it could not be looked at, so nobody knows. */
export type Result = "good" | "warning" | "bad" | "unknown";

/** What one look at this machine or a hypervisor found. */
export interface Finding {
    check: string;
    result: Result;
    /** What was looked at: a program, an address, a hypervisor's URI. */
    subject: string;
    /** One line: what was seen. */
    seen: string;
    /** An instruction; nothing that is good needs one. */
    remedy?: string;
}

/** Looks at one thing, and leaves it as it was. */
export interface Check<Place> {
    name: string;
    look: (place: Place) => Promise<Look[]>;
}

type Look = Omit<Finding, "check">;

export const good = (subject: string, seen: string): Look => ({ result: "good", subject, seen });
export const warning = (subject: string, seen: string, remedy: string): Look => ({
    result: "warning",
    subject,
    seen,
    remedy,
});
export const bad = (subject: string, seen: string, remedy: string): Look => ({ result: "bad", subject, seen, remedy });
export const unknown = (subject: string, seen: string): Look => ({ result: "unknown", subject, seen });

/** Every check in turn. One that falls over is `unknown`, whatever made it: the others say what they see all the same. */
export async function lookAt<Place>(
    subject: string,
    place: Place,
    checks: readonly Check<Place>[],
): Promise<Finding[]> {
    const findings: Finding[] = [];
    for (const { name, look } of checks) {
        const looks = await look(place).catch((error: unknown) => [
            { ...unknown(subject, oneLine(error)), ...(error instanceof UserError ? { remedy: error.remedy } : {}) },
        ]);
        findings.push(...looks.map((found) => ({ check: name, ...found })));
    }
    return findings;
}

/** An error's text as one line; of virsh's what it says is the matter, without that it has failed. */
export function oneLine(error: unknown): string {
    const text = (error instanceof Error ? error.message : String(error)).trim();
    return text
        .replace(/^virsh: exit code \d+\n(?=.)/s, "")
        .replaceAll(/^error: (failed to connect to the hypervisor\n)?/gm, "")
        .replaceAll(/\s*\n\s*/g, " | ");
}

/** Nothing stands in the way of `./lab up`, as far as could be seen. */
export const isReady = (findings: Finding[]) =>
    findings.every(({ result }) => result === "good" || result === "warning");
