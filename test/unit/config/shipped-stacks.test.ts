import * as fs from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { readConfiguration as describeStack } from "../../../roles/configuration";
import { secrets, siteWith } from "../../support/article";
import { repository } from "../../support/repository";

describe("the stack files that come with the project", () => {
    const textOf = (name: string) => fs.readFileSync(repository(`Pulumi.${name}.yaml`), "utf8");
    const settings = (name: string, text = textOf(name)) => {
        const { config } = parse(text) as { config: Record<string, unknown> };
        return Object.fromEntries(
            Object.entries(config)
                .map(([key, value]): [string, unknown] => [key.replace(/^lab:/, ""), value])
                .filter(([key]) => !(key in secrets)),
        );
    };

    test.each(["local", "dev"])("Pulumi.%s.yaml has no mistake, and the article's machines", (name) => {
        const { description } = describeStack({ ...settings(name), ...secrets }, name);
        expect(description.machines.map((one) => [one.name, one.address, one.roles, one.priority])).toEqual(
            siteWith().machines.map((one) => [one.name, one.address, one.roles, one.priority]),
        );
        expect([description.network.cidr, description.virtualAddress]).toEqual(["192.168.0.0/24", "192.168.0.111"]);
    });

    test("Pulumi.cluster.yaml has Pulumi.local.yaml's settings, a monitor, and a modem at nod1", () => {
        const { machines, sms, ...others } = settings("cluster") as {
            machines: Record<string, { roles: string[] }>;
            sms: object;
        };
        const { nod5, nod1, ...same } = machines;
        const withoutModem = { ...nod1, roles: nod1?.roles.filter((role) => role !== "sms") };
        expect({ ...others, machines: { ...same, nod1: withoutModem } }).toEqual(settings("local"));
        expect(nod5?.roles).toEqual(["monitor"]);
        expect(nod1?.roles).toEqual(["memcached", "sms"]);
        expect(sms).toMatchObject({ device: "dummy" });
        describeStack({ ...settings("cluster"), ...secrets }, "cluster");
    });

    test.each(["local", "emulated"])("the commented monitor of Pulumi.%s.yaml is ready to use", (name) => {
        const changed = settings(name, textOf(name).replace("# nod5:", "nod5:"));
        const { description } = describeStack({ ...changed, ...secrets }, name);
        expect(description.machines.find(({ roles }) => roles.includes("monitor"))?.name).toBe("nod5");
    });
});
