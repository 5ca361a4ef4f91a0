import { UserError } from "../../../lib/errors";
import {
    oneLine,
    runChecks,
    type Finding as AnyFinding,
    type Look as AnyLook,
    type LookAt,
} from "../../checks/finding";

/** `unknown`: it could not be looked at. */
export type Result = "good" | "warning" | "bad" | "unknown";
export type Finding = AnyFinding<Result>;
export type Look = AnyLook<Result>;

/** A check of this machine or of a hypervisor. */
export interface Check<Place> {
    name: string;
    look: LookAt<Place, Result>;
}

export const good = (subject: string, seen: string): Look => ({ result: "good", subject, seen });
export const warning = (subject: string, seen: string, remedy: string): Look => ({
    result: "warning",
    subject,
    seen,
    remedy,
});
export const bad = (subject: string, seen: string, remedy: string): Look => ({ result: "bad", subject, seen, remedy });
export const unknown = (subject: string, seen: string): Look => ({ result: "unknown", subject, seen });

/** Runs the checks one after the other. A check that throws an error is `unknown` of `subject`. */
export const examine = <Place>(subject: string, place: Place, checks: readonly Check<Place>[]): Promise<Finding[]> =>
    runChecks(
        place,
        checks.map(({ name, look }) => [name, look] as const),
        {
            failed: (error) => ({
                ...unknown(subject, problemOf(error)),
                ...(error instanceof UserError ? { remedy: error.remedy } : {}),
            }),
        },
    );

/** An error's text as one line. Of virsh's errors, only what libvirt says about the cause. */
export function problemOf(error: unknown): string {
    const text = error instanceof Error ? error.message : String(error);
    return oneLine(
        text
            .trim()
            .replace(/^virsh: exit code \d+\n(?=.)/s, "")
            .replaceAll(/^error: (failed to connect to the hypervisor\n)?/gm, ""),
    );
}

/** Whether nothing stands in the way of `./lab up`, as far as could be seen. */
export const isReady = (findings: readonly Look[]) =>
    findings.every(({ result }) => result === "good" || result === "warning");
