import { describe, expect, test } from "vitest";
import { averageUse, busySeconds } from "../../../../launcher/timeline/processors";

describe("processors", () => {
    test("idle time and waiting for disks do not count as use", () => {
        expect(busySeconds("cpu  100 20 30 4000 500 6 7 8 90 10\ncpu0 1 1 1 1 1 1 1 1 1 1\n")).toBeCloseTo(1.71);
    });

    test("without a sample there is no average", () => {
        expect(averageUse([])).toMatchObject({ machine: 0, lab: 0 });
    });
});
