import * as fs from "node:fs";
import * as path from "node:path";
import Ajv from "ajv";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { secretKeys } from "../../../config/schema";
import { generatedFiles } from "../../../launcher/documentation/generated-files";
import { settingsSchema, stackFileSchema, type JsonSchema } from "../../../launcher/documentation/stack-file-schema";
import { checkout } from "../../../lib/environment";

interface StackFileContent {
    config: Record<string, unknown>;
    [key: string]: unknown;
}

const textOf = (name: string) => fs.readFileSync(path.join(checkout, name), "utf8");
const shippedStacks = ["local", "emulated", "dev"];
const shipped = (stack: string) => parse(textOf(`Pulumi.${stack}.yaml`)) as StackFileContent;

test("the generated files of docs/ are current: npm run docs writes them", async () => {
    for (const [name, content] of Object.entries(await generatedFiles())) expect(textOf(name), name).toBe(content);
});

test("every setting has a meaning, and those without a fixed default say what applies", () => {
    const silent: string[] = [];
    const look = (name: string, { properties = {}, required = [], additionalProperties }: JsonSchema) => {
        for (const [key, value] of Object.entries(properties)) {
            const field = value as JsonSchema;
            const isGroup = field.properties !== undefined;
            const hasDefault = required.includes(key) || field.default !== undefined || field.otherwise !== undefined;
            if (field.description === undefined || !(hasDefault || isGroup)) silent.push(`${name}${key}`);
            look(`${name}${key}.`, field);
        }
        if (typeof additionalProperties === "object") look(`${name}NAME.`, additionalProperties);
    };
    look("", settingsSchema());
    expect(silent).toEqual([]);
});

describe("the JSON schema of stack files", () => {
    const validate = new Ajv({ allErrors: true, validateFormats: false }).compile(stackFileSchema());
    /** The places of `content` that the schema refuses. */
    const refused = (content: unknown) =>
        validate(content)
            ? []
            : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
    const changed = (change: (config: Record<string, unknown>) => unknown) => {
        const content = shipped("local");
        change(content.config);
        return refused(content);
    };

    test.each(shippedStacks)("stands in the first line of Pulumi.%s.yaml, and accepts that file", (stack) => {
        const [first = ""] = textOf(`Pulumi.${stack}.yaml`).split("\n");
        const place = /^# yaml-language-server: \$schema=(\S+)$/.exec(first)?.[1] ?? "";
        expect(JSON.parse(textOf(place))).toEqual(stackFileSchema());
        expect(refused(shipped(stack))).toEqual([]);
    });

    test("accepts what pulumi writes: encrypted secrets, a salt, booleans and numbers as text", () => {
        const content = shipped("local");
        for (const key of secretKeys) content.config[`lab:${key}`] = { secure: "v1:abc" };
        Object.assign(content.config, { "lab:isolated": "true", "lab:packageProxy": "3142" });
        expect(refused({ ...content, encryptionsalt: "v1:abc" })).toEqual([]);
    });

    test("accepts settings of other namespaces", () => {
        expect(changed((config) => (config["aws:region"] = "eu-central-1"))).toEqual([]);
    });

    test.each<[string, (config: Record<string, unknown>) => unknown]>([
        ["an unknown setting", (config) => (config["lab:virtualAdress"] = "192.168.0.111")],
        ["an unknown setting of a group", (config) => (config["lab:network"] = { cdir: "192.168.0.0/24" })],
        ["a missing setting", (config) => delete config["lab:virtualAddress"]],
        ["a value of another type", (config) => (config["lab:tomcat"] = { heapMiB: "much" })],
        ["a value out of range", (config) => (config["lab:keepalived"] = { virtualRouterId: 256 })],
        ["an unknown role", (config) => (config["lab:machines"] = { a: { address: "192.0.2.1", roles: ["cook"] } })],
        ["a machine's name that is no host name", (config) => (config["lab:machines"] = { Nod_0: {} })],
        ["no machine", (config) => (config["lab:machines"] = {})],
        ["a secret in plain text", (config) => (config["lab:vrrpPassword"] = "1111")],
    ])("refuses %s", (_, change) => {
        expect(changed(change)).not.toEqual([]);
    });

    test("refuses an unknown key beside config", () => {
        expect(refused({ ...shipped("local"), confg: {} })).not.toEqual([]);
    });
});
