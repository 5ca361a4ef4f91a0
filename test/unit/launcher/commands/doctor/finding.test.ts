import { describe, expect, test } from "vitest";
import { bad, examine, good, isReady, problemOf, warning } from "../../../../../launcher/commands/doctor/finding";
import { asJson, asTable } from "../../../../../launcher/commands/doctor/report";
import { UserError } from "../../../../../lib/errors";

describe("findings", () => {
    const look = (...found: ReturnType<typeof good>[]) => ({ name: "one", look: () => Promise.resolve(found) });
    const falls = (error: Error) => ({ name: "two", look: () => Promise.reject(error) });

    test("a check that throws is unknown, and the others run", async () => {
        const findings = await examine("here", {}, [
            falls(new UserError("no\n  way", "go round")),
            look(good("a", "b")),
        ]);
        expect(findings).toEqual([
            {
                check: "two",
                result: "unknown",
                subject: "here",
                seen: "no | way",
                remedy: "go round",
                seconds: expect.any(Number) as number,
            },
            { check: "one", result: "good", subject: "a", seen: "b", seconds: expect.any(Number) as number },
        ]);
        expect(isReady(findings)).toBe(false);
    });

    test("a machine is ready in spite of warnings, but not with a bad finding", async () => {
        expect(isReady(await examine("here", {}, [look(good("a", "b"), warning("c", "d", "e"))]))).toBe(true);
        expect(isReady(await examine("here", {}, [look(bad("c", "d", "e"))]))).toBe(false);
    });

    test("are shown with a remedy for each that is not good", async () => {
        const findings = await examine("here", {}, [look(good("a", "well"), bad("b", "broken", "mend it"))]);
        expect(asTable("x", findings)).toBe(
            [
                "check  of  result  seen",
                "one    a   good    well",
                "one    b   BAD     broken",
                "",
                "What to do:",
                "  one, b: mend it",
                "",
                "This machine is NOT ready for the stack 'x': 1 good, 0 warnings, 1 bad, 0 unknown.",
                "",
            ].join("\n"),
        );
        expect(JSON.parse(asJson("x", findings))).toEqual({ stack: "x", ready: false, findings });
    });

    test("virsh's errors are shortened to their cause", () => {
        expect(
            problemOf(new Error("virsh: exit code 1\nerror: failed to connect to the hypervisor\nerror: no\nway")),
        ).toBe("no | way");
        expect(problemOf(new Error("virsh: exit code 124"))).toBe("virsh: exit code 124");
    });
});
