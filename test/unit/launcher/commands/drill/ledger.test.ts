import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Ledger } from "../../../../../launcher/commands/drill/ledger";

const books = ({ sessionsLost, updatesLost, updatesTwice }: Ledger) => ({ sessionsLost, updatesLost, updatesTwice });
const nothing = { sessionsLost: 0, updatesLost: 0, updatesTwice: 0 };

describe("the books of one session", () => {
    test("every addition acknowledged and counted: nothing is lost", () => {
        const ledger = new Ledger();
        for (const count of [1, 2, 3]) ledger.saw("a", count, 1);
        ledger.saw("a", 3, 0);
        expect(books(ledger)).toEqual(nothing);
    });

    test("a counter behind the acknowledgements has lost updates, once", () => {
        const ledger = new Ledger();
        for (const count of [1, 2, 3]) ledger.saw("a", count, 1);
        expect(ledger.saw("a", 1, 0)).toBe("the counter is 1, not 3");
        ledger.saw("a", 2, 1);
        expect(books(ledger)).toEqual({ ...nothing, updatesLost: 2 });
    });

    test("an addition whose answer was lost may be counted or not, now or later", () => {
        for (const later of [
            [1, 1],
            [2, 2],
            [1, 2],
        ]) {
            const ledger = new Ledger();
            ledger.saw("a", 1, 1);
            ledger.lostSight();
            for (const count of later) ledger.saw("a", count, 0);
            expect(books(ledger)).toEqual(nothing);
        }
    });

    test("a counter ahead of the requests shows an addition that was done twice", () => {
        const ledger = new Ledger();
        ledger.saw("a", 1, 1);
        ledger.saw("a", 3, 1);
        expect(books(ledger)).toEqual({ ...nothing, updatesTwice: 1 });
    });

    test("an addition that was counted late excuses no second one", () => {
        const ledger = new Ledger();
        ledger.saw("a", 1, 1);
        ledger.lostSight();
        ledger.saw("a", 2, 0);
        ledger.saw("a", 3, 0);
        expect(books(ledger)).toEqual({ ...nothing, updatesTwice: 1 });
    });

    test.each([
        ["another session", "b", 1],
        ["none", null, 0],
    ] as const)("%s in place of the own one: it is lost with all that it counted", (_, session, count) => {
        const ledger = new Ledger();
        for (const seen of [1, 2]) ledger.saw("a", seen, 1);
        expect(ledger.saw(session, count, session === null ? 0 : 1)).toBe("session lost");
        expect(books(ledger)).toEqual({ ...nothing, sessionsLost: 1, updatesLost: 2 });
    });

    test("a server that loses only answers passes; a server that loses additions is found", () => {
        const steps = fc.array(fc.constantFrom("add", "add unheard", "add undone", "read"), { maxLength: 60 });
        fc.assert(
            fc.property(steps, fc.boolean(), (list, forgets) => {
                const ledger = new Ledger();
                ledger.saw("a", 1, 1);
                let count = 1;
                for (const step of list) {
                    if (step === "add") ledger.saw("a", ++count, 1);
                    if (step === "add unheard") {
                        count++;
                        ledger.lostSight();
                    }
                    if (step === "add undone") ledger.lostSight();
                    if (step === "read") ledger.saw("a", count, 0);
                }
                ledger.saw("a", count, 0);
                expect(books(ledger)).toEqual(nothing);
                if (forgets) {
                    ledger.saw("a", count - 1, 0);
                    expect(ledger.updatesLost).toBe(1);
                }
            }),
        );
    });
});
