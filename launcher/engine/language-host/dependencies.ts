import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import * as path from "node:path";
import { promisify } from "node:util";
import { DependencyInfo } from "@pulumi/pulumi/proto/language_pb";

const run = promisify(execFile);

/** The node that programs run with: the first one on PATH. */
export async function nodeExecutable(): Promise<{ path: string; version: string }> {
    const { stdout } = await run("node", ["-p", "process.execPath + '\\n' + process.version"]);
    const [executable = "", version = ""] = stdout.split("\n");
    return { path: executable, version };
}

/** The npm packages of a program; without `transitive`, only those that its package.json names. */
export async function programDependencies(directory: string, transitive: boolean): Promise<DependencyInfo[]> {
    const root = findUp(directory, "package-lock.json");
    if (!root) throw new Error(`no package-lock.json file found (searching upwards from ${directory})`);
    const { stdout } = await run("npm", ["ls", "--json", "--depth=0"], { cwd: root, maxBuffer: 2 ** 26 });
    const installed =
        (JSON.parse(stdout) as { dependencies?: Record<string, { version?: string }> }).dependencies ?? {};
    const manifest = JSON.parse(await readFile(path.join(root, "package.json"), "utf8")) as Record<
        string,
        Record<string, string> | undefined
    >;
    const named = { ...manifest.dependencies, ...manifest.devDependencies };
    return Object.entries(installed)
        .filter(([name]) => transitive || name in named)
        .map(([name, { version }]) => new DependencyInfo().setName(name).setVersion(version ?? ""));
}

function findUp(directory: string, file: string): string | undefined {
    if (existsSync(path.join(directory, file))) return directory;
    const parent = path.dirname(directory);
    return parent === directory ? undefined : findUp(parent, file);
}

/** Installs a program's packages with its package manager. `write` gets the output as it comes. */
export async function installDependencies(
    directory: string,
    packageManager: string,
    write: (chunk: Uint8Array, stream: "stdout" | "stderr") => void,
): Promise<void> {
    write(Buffer.from("Installing dependencies...\n\n"), "stdout");
    const child = spawn(packageManager, ["install"], { cwd: directory, stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.on("data", (chunk: Buffer) => write(chunk, "stdout"));
    child.stderr.on("data", (chunk: Buffer) => write(chunk, "stderr"));
    const code = await new Promise<number | null>((resolve, reject) =>
        child.once("error", reject).once("close", resolve),
    );
    if (code !== 0) throw new Error(`${packageManager} install failed with exit code ${code}`);
    write(Buffer.from("Finished installing dependencies\n\n"), "stdout");
}
