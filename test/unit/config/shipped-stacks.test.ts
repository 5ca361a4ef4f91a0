import * as fs from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { readConfiguration as describeStack } from "../../../roles/configuration";
import { secrets, siteWith } from "../../support/article";
import { repository } from "../../support/repository";

describe("the stack files that come with the project", () => {
    const settings = (name: string) => {
        const { config } = parse(fs.readFileSync(repository(`Pulumi.${name}.yaml`), "utf8")) as {
            config: Record<string, unknown>;
        };
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
});
