import * as path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { flagError, parseOptions, splitWords } from "../../launcher/engine/language-host/options";
import { requiredPackages, toDependency } from "../../launcher/engine/language-host/packages";
import { Project } from "../support/project";
import { ProgramInfo } from "@pulumi/pulumi/proto/language_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { mkdirSync, rmSync, symlinkSync } from "node:fs";

const projects: Project[] = [];
afterAll(() => {
    for (const project of projects) project.remove();
});

/** A project whose program is the given text. */
async function projectOf(
    program: string,
    options = '{ typescript: false, nodeargs: "--import tsx" }',
): Promise<Project> {
    const project = await Project.create(undefined, { FROM_OUTSIDE: "seen" });
    projects.push(project);
    rmSync(path.join(project.folder, "index.ts"));
    project.write("index.ts", program);
    project.write("Pulumi.yaml", `name: test\nruntime: { name: nodejs, options: ${options} }\n`);
    return project;
}

const textOf = (messages: { message: string }[]) => messages.map(({ message }) => message).join("\n");

describe("programs", () => {
    test("get configuration, environment and arguments for node, and what they print is shown", async () => {
        const project = await projectOf(
            `
            import * as pulumi from "@pulumi/pulumi";
            const config = new pulumi.Config();
            console.log("to stdout", process.execArgv.includes("--no-deprecation"));
            console.error("to stderr");
            export const out = { plain: config.require("plain"), secret: config.requireSecret("hidden"), object: config.requireObject("object"),
                outside: process.env.FROM_OUTSIDE, project: pulumi.getProject(), stack: pulumi.getStack(), preview: pulumi.runtime.isDryRun(),
                folder: process.cwd() === pulumi.runtime.getRootDirectory?.() };
        `,
            '{ typescript: false, nodeargs: "--import tsx --no-deprecation" }',
        );
        await project.pulumi("config", "set", "plain", "value");
        await project.pulumi("config", "set", "--secret", "hidden", "hunter2");
        await project.pulumi("config", "set", "--path", "object.list[0]", "first");
        const run = await project.preview();
        expect(run.failed).toBe(false);
        expect(run.outputs.out).toMatchObject({
            plain: "value",
            object: { list: ["first"] },
            outside: "seen",
            project: "test",
            stack: "dev",
            preview: true,
        });
        expect(run.outputs.out).toHaveProperty("secret.secret");
        expect(JSON.stringify(run)).not.toContain("hunter2");
        expect(textOf(run.messages)).toContain("to stdout true");
        expect(textOf(run.messages)).toContain("to stderr");
    });

    test.each([
        ["throws", 'throw new Error("what happened");', "Error: what happened"],
        ["rejects", 'void Promise.reject(new Error("what happened"));', "Error: what happened"],
        ["does not compile", "export const a = ;", 'ERROR: Unexpected ";"'],
        ["exits", "process.exit(5);", "Program exited with non-zero exit code: 5"],
        ["ends itself", 'process.kill(process.pid, "SIGKILL");', "Program exited with non-zero exit code: -1"],
    ])("a program that %s fails the run, and says why once", async (_name, program, message) => {
        const run = await (await projectOf(program)).preview();
        expect(run.failed).toBe(true);
        expect(textOf(run.messages).split(message)).toHaveLength(2);
    });

    test("an option that does not fit is a mistake", async () => {
        const run = await (await projectOf("", '{ typescript: "true" }')).preview();
        expect(run.failed).toBe(true);
        expect(textOf(run.messages)).toContain("typescript option must be a boolean");
    });

    test("an option that does not exist keeps the program from starting", async () => {
        const project = await projectOf("console.log('started');", "{ typescript: false, foo: 1 }");
        const preview = project.pulumi("preview");
        await expect(preview).rejects.toMatchObject({
            code: 255,
            stdout: expect.stringMatching(/^(?!.*started).*flag provided but not defined: -foo/s) as string,
        });
    });
});

test("pulumi about knows node and the packages", async () => {
    const project = await projectOf("");
    const { stdout } = await project.pulumi("about", "--json");
    const about = JSON.parse(stdout) as {
        runtime: { language: string; version: string };
        plugins: { name: string; version: string }[];
    };
    expect(about.runtime).toMatchObject({ language: "nodejs", version: process.version });
});

describe("plugins that packages ask for", () => {
    test("are found in node_modules, through links and in packages of packages", async () => {
        const project = await projectOf("");
        rmSync(path.join(project.folder, "node_modules"));
        const install = (folder: string, manifest: object) => {
            mkdirSync(path.join(project.folder, folder), { recursive: true });
            project.write(path.join(folder, "package.json"), JSON.stringify(manifest));
        };
        install("node_modules/@pulumi/command", {
            name: "@pulumi/command",
            version: "1.2.1",
            pulumi: { resource: true, name: "command" },
        });
        install("node_modules/plain", { name: "plain", version: "1.0.0" });
        install("node_modules/plain/node_modules/@pulumi/nested", {
            name: "@pulumi/nested",
            version: "2.0.0",
            pulumi: { resource: true },
        });
        install("sdks/libvirt", {
            name: "@pulumi/libvirt",
            version: "0.8.3",
            pulumi: {
                resource: true,
                name: "terraform-provider",
                version: "1.1.1",
                parameterization: { name: "libvirt", version: "0.8.3", value: "e30=" },
            },
        });
        symlinkSync("../../sdks/libvirt", path.join(project.folder, "node_modules/@pulumi/libvirt"));
        const found = requiredPackages(project.folder).map((dependency) => dependency.toObject());
        expect(found.sort((a, b) => (a.name < b.name ? -1 : 1))).toMatchObject([
            { name: "command", version: "v1.2.1", kind: "resource" },
            { name: "nested", version: "v2.0.0" },
            {
                name: "terraform-provider",
                version: "v1.1.1",
                parameterization: { name: "libvirt", version: "0.8.3", value: "e30=" },
            },
        ]);
    });

    test("need a name outside of Pulumi's own packages", () => {
        expect(toDependency({ name: "other", version: "1.0.0", pulumi: { resource: true } })).toBeUndefined();
        expect(
            toDependency({
                name: "other",
                version: "1.0.0",
                pulumi: { resource: true, name: "own", server: "there" },
            })?.toObject(),
        ).toMatchObject({ name: "own", version: "v1.0.0", server: "there" });
    });
});

describe("options", () => {
    test.each([
        ["", []],
        ["  --import tsx ", ["--import", "tsx"]],
        ['--title=\'a b\' "c \\" d" e\\ f', ["--title=a b", 'c " d', "e f"]],
        ["--import tsx # --title=x\n-r a#b '#c' \\#d", ["--import", "tsx", "-r", "a#b", "#c", "#d"]],
        ["\"a\\nb\" ''", ["anb", ""]],
    ])("%j is split as in a shell", (line, words) => expect(splitWords(line)).toEqual(words));

    test.each([
        ["--title 'a", "EOF found when expecting closing quote"],
        ['--title "a', "EOF found when expecting closing quote"],
        ["'a\\", "EOF found when expecting closing quote"],
        ["a\\", "EOF found after escape character"],
        ['"a\\', "EOF found after escape character"],
    ])("%j is an error", (line, error) => expect(() => splitWords(line)).toThrow(error));

    test.each([
        [["-typescript=false", "-nodeargs=--import tsx", "-root=/", "127.0.0.1:1"], undefined],
        [["127.0.0.1:1"], undefined],
        [["-foo=1", "127.0.0.1:1"], "flag provided but not defined: -foo"],
        [["-typescript=maybe", "127.0.0.1:1"], 'invalid boolean value "maybe" for -typescript: parse error'],
    ])("%j on the command line: %s", (args, error) => expect(flagError(args)).toBe(error));

    test("default to what the official host has", () => {
        expect(parseOptions(new ProgramInfo())).toEqual({
            typescript: true,
            tsconfig: undefined,
            nodeArgs: [],
            packageManager: "npm",
        });
        expect(() =>
            parseOptions(new ProgramInfo().setOptions(Struct.fromJavaScript({ packagemanager: "apt" }))),
        ).toThrow("must be one of auto, npm");
    });
});
