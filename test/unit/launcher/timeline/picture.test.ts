import { DOMParser } from "@xmldom/xmldom";
import { describe, expect, test } from "vitest";
import { rows, tickSeconds, timelineSvg } from "../../../../launcher/timeline/picture";
import { waits } from "../../../../launcher/timeline/recording";
import { names, recording, step } from "../../../support/timeline";

describe("a recording", () => {
    test("as a picture: an XML file with a bar for each step, in the lane of its machine, at its time", () => {
        const document = new DOMParser({
            onError: (level, message) => {
                throw new Error(`${level}: ${message}`);
            },
        }).parseFromString(timelineSvg(recording()), "image/svg+xml");
        const bars = [...document.getElementsByTagName("g")].map((bar) => ({
            told: bar.getElementsByTagName("title")[0]?.textContent ?? "",
            rect: bar.getElementsByTagName("rect")[0],
        }));
        expect(bars.map(({ told }) => told.split(":")[0])).toEqual([
            "lab-network",
            "nod0-packages",
            "nod0-tomcat",
            "nod1-memcached",
        ]);
        const number = (index: number, attribute: string) => Number(bars[index]?.rect?.getAttribute(attribute));
        expect(number(2, "x")).toBeGreaterThan(number(1, "x") + number(1, "width"));
        expect(number(1, "y")).toBe(number(2, "y"));
        expect(number(3, "y")).toBeGreaterThan(number(1, "y"));
        // Steps of 3 s and 4 s on one scale. The critical path has a stroke.
        expect(number(3, "width") / number(1, "width")).toBeCloseTo(4 / 3, 2);
        expect(bars.map(({ rect }) => rect?.hasAttribute("stroke"))).toEqual([false, true, true, true]);
    });

    test("a step belongs to the machine with the longest name that fits", () => {
        const { steps, ...rest } = recording();
        const renamed = steps.map((each) => ({
            ...each,
            name: each.name.replace("nod0", "web").replace("nod1", "web-2"),
        }));
        const timeline = { ...rest, steps: renamed, machines: ["web", "web-2"] };
        expect(waits(timeline)).toEqual([
            { machine: "web", milliseconds: 5000, step: "web-tomcat", by: "web-2-memcached" },
        ]);
        const lanes = [...timelineSvg(timeline).matchAll(/font-weight="bold">([^<]*)</g)].map(([, name]) => name);
        expect(lanes).toEqual(["network", "web", "web-2", "processors"]);
        expect(timelineSvg(timeline)).toContain(">memcached 4.0<");
    });

    test("simultaneous steps are in different rows", () => {
        expect(rows([step("a", 0, 10), step("b", 5, 6), step("c", 6, 12), step("d", 10, 11)]).map(names)).toEqual([
            ["a", "d"],
            ["b", "c"],
        ]);
    });

    test.each([
        [14, 1],
        [93, 5],
        [240, 20],
        [3, 0.2],
    ])("of %d s has a mark every %d s", (total, tick) => {
        expect(tickSeconds(total)).toBeCloseTo(tick);
    });
});
