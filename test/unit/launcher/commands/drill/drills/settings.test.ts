import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { describe, expect, test } from "vitest";
import { settingChanges, settingDrills, settingsOf } from "../../../../../../launcher/commands/drill/drills/settings";
import { settingsSchema, type JsonSchema } from "../../../../../../launcher/documentation/stack-file-schema";
import { siteWith } from "../../../../../support/article";
import { repository } from "../../../../../support/repository";
import { readDescription } from "../../../../../../roles/configuration";

type Tree = { [key: string]: Tree | undefined };

/** Names of all settings, as docs/configuration.md nests them. */
function settingsIn(schema: JsonSchema, place: string[] = []): string[] {
    const each = schema.additionalProperties;
    if (schema.properties)
        return Object.entries(schema.properties).flatMap(([name, below]) =>
            settingsIn(below as JsonSchema, [...place, name]),
        );
    if (typeof each === "object" && each.properties) return settingsIn(each, [...place, "NAME"]);
    return [place.join(".")];
}

/** The shipped stack with all roles. */
const cluster = () => {
    const { config } = parse(readFileSync(repository("Pulumi.cluster.yaml"), "utf8")) as { config: Tree };
    return Object.fromEntries(
        Object.entries(config).map(([name, value]): [string, Tree | undefined] => [name.replace("lab:", ""), value]),
    );
};

test("every setting has a change, or the reason why there is none", () => {
    expect(Object.keys(settingChanges).sort()).toEqual(settingsIn(settingsSchema()).sort());
});

describe("a change", () => {
    const description = readDescription(cluster(), "cluster");
    const changes = Object.entries(settingChanges).flatMap(([setting, change]) =>
        "noticed" in change ? [] : [{ setting, change }],
    );

    test.each(changes)("of $setting makes a stack that up accepts, with another description", ({ setting, change }) => {
        const settings = settingsOf(setting, change, description) ?? [];
        expect(settings).not.toEqual([]);
        const stack = cluster();
        for (const { place, value } of settings) {
            const [last = "", ...above] = [...place].reverse();
            let tree = stack;
            for (const key of above.reverse()) tree = tree[key] ??= {};
            tree[last] = value as Tree;
        }
        expect(readDescription(stack, "cluster")).not.toEqual(description);
    });

    test("is no drill of a lab that has not the machines", () => {
        const without = siteWith();
        expect(settingDrills["changed-monitoring.smsPerHour"]?.cannot?.(without)).toBe(
            "no machine has the role monitor",
        );
        expect(settingDrills["changed-tomcat.heapMiB"]?.cannot?.(without)).toBeUndefined();
    });
});
