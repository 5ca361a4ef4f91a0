import { expect, test } from "vitest";
import {
    artifactsResource,
    buildResource,
    hypervisorPart,
    parseResourceName,
    parseUrn,
    stepKind,
    stepResource,
} from "../../../config/resource-names";

const machines = ["web", "web-2", "lab"];

test.each([
    [stepResource("web", "tomcat"), { machine: "web", step: "tomcat" }],
    [stepResource("web-2", "tomcat"), { machine: "web-2", step: "tomcat" }],
    [artifactsResource("web-2", "tomcat"), { machine: "web-2", step: "tomcat-artifacts" }],
    [buildResource("web", "tengine"), { machine: "web", step: "tengine-build" }],
    [hypervisorPart(undefined, "network"), undefined],
    [hypervisorPart("kvm1", "network"), undefined],
    ["lab-packages", { machine: "lab", step: "packages" }],
    ["website-tomcat", undefined],
    ["web", undefined],
])("%s belongs to the machine with the longest name that fits", (name, parsed) => {
    expect(parseResourceName(name, machines)).toEqual(parsed);
    expect(parseResourceName(name, machines.toReversed())).toEqual(parsed);
});

test.each([
    ["domain", "machine"],
    ["cloud-init", "machine"],
    ["packages", "packages"],
    ["tengine-build", "build"],
    ["files", "upload"],
    ["tomcat-artifacts", "upload"],
    ["tomcat", "role"],
])("the step %s is of kind %s", (step, kind) => {
    expect(stepKind(step)).toBe(kind);
});

test("a URN has a resource's type, without its parents' types, and its name", () => {
    expect(parseUrn("urn:pulumi:test::lab::lab:Lab$lab:Machine$command:remote:Command::web-2-tomcat")).toEqual({
        type: "command:remote:Command",
        name: "web-2-tomcat",
    });
});
