import { expect, test } from "vitest";
import { whySessionsEnd } from "../../../../launcher/stack/drift";
import { siteWith } from "../../../support/article";

const machines = (...versions: string[]) => [
    { machine: "mysql", drift: [] },
    { machine: "nod9", drift: undefined },
    ...versions.map((version, index) => ({
        machine: `nod${2 * index}`,
        drift: [],
        tomcat: `/usr/local/apache-tomcat-${version}`,
    })),
];

test("sessions end with another release's Tomcat, also where a killed up has changed one of two", () => {
    const next = siteWith({ release: "maintained" });
    expect(whySessionsEnd(machines("7.0.62", "7.0.62"), next)).toMatch(
        /^nod0 has Tomcat 7, and lab:release is maintained, with Tomcat 9: every session ends/,
    );
    expect(whySessionsEnd(machines("9.0.117", "7.0.62"), next)).toMatch(/^nod2 has Tomcat 7/);
    expect(whySessionsEnd(machines("9.0.117"), siteWith())).toMatch(/^nod0 has Tomcat 9, .* with Tomcat 7/);
});

test("another version of the same Tomcat ends none, nor does a machine without one", () => {
    expect(whySessionsEnd(machines("7.0.109", "7.0.62"), siteWith())).toBeUndefined();
    expect(whySessionsEnd(machines(), siteWith())).toBeUndefined();
});
