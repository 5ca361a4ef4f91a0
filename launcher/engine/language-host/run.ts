import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import * as path from "node:path";
import { RunResponse } from "@pulumi/pulumi/proto/language_pb";
import { leash } from "../serve";
import { parseOptions } from "./options";
import type { ProgramInfo, RunRequest } from "@pulumi/pulumi/proto/language_pb";

/** The SDK's runner ends with this code when it has told the user all there is to tell (`cmd/run` of @pulumi/pulumi). */
const ALREADY_REPORTED = 32;

interface Run {
    request: RunRequest;
    program: ProgramInfo;
    engineAddress: string;
    cancelled: AbortSignal;
}

/** Runs a program to its end. The response says what went wrong in it; only a mistake of this host's throws. */
export async function runProgram({ request, program, engineAddress, cancelled }: Run): Promise<RunResponse> {
    const failed = (error: string) => new RunResponse().setError(error);
    let runner: string;
    try {
        runner = createRequire(path.join(program.getProgramDirectory(), "package.json")).resolve(
            "@pulumi/pulumi/cmd/run",
        );
    } catch {
        return failed("It looks like the Pulumi SDK has not been installed. Have you run pulumi install?");
    }
    let options;
    try {
        options = parseOptions(program);
    } catch (error) {
        return failed(error instanceof Error ? error.message : String(error));
    }
    const child = spawn("node", [...options.nodeArgs, runner, ...runnerArguments(request, program, engineAddress)], {
        env: {
            ...process.env,
            PULUMI_CONFIG: JSON.stringify(
                Object.fromEntries(
                    request
                        .getConfigMap()
                        .toArray()
                        .map(([key, value]) => [configKey(key), value]),
                ),
            ),
            PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
            ...(options.typescript ? { PULUMI_NODEJS_TYPESCRIPT: "true" } : {}),
            ...(options.tsconfig ? { PULUMI_NODEJS_TSCONFIG_PATH: options.tsconfig } : {}),
        },
        stdio: ["ignore", "pipe", "pipe"],
    });
    // Through pipes of its own, as node changes the mode of what it inherits. What comes out of this process is shown by the engine.
    child.stdout.pipe(process.stdout, { end: false });
    child.stderr.pipe(process.stderr, { end: false });
    leash(child, cancelled);
    try {
        const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
            child.once("error", reject);
            child.once("close", (...how) => resolve(how));
        });
        if (code === 0) return new RunResponse();
        if (code === ALREADY_REPORTED) return new RunResponse().setBail(true);
        // A program that a signal ended has no exit code; -1 is what the official host shows then.
        return failed(`Program exited with non-zero exit code: ${signal ? -1 : code}`);
    } catch (error) {
        return failed(`Problem executing program (could not run language executor): ${String(error)}`);
    }
}

function runnerArguments(request: RunRequest, program: ProgramInfo, engineAddress: string): string[] {
    const named: Record<string, string> = {
        monitor: request.getMonitorAddress(),
        engine: engineAddress,
        organization: request.getOrganization(),
        project: request.getProject(),
        "root-directory": program.getRootDirectory(),
        stack: request.getStack(),
        pwd: program.getProgramDirectory(),
        parallel: String(request.getParallel()),
    };
    return [
        ...Object.entries(named).flatMap(([name, value]) => (value === "" ? [] : [`--${name}`, value])),
        ...(request.getDryrun() ? ["--dry-run"] : []),
        program.getEntryPoint(),
        ...request.getArgsList(),
    ];
}

/** The engine says `project:name`; SDKs of every age understand `project:config:name`, which the official host passes on. */
function configKey(key: string): string {
    const [namespace, ...name] = key.split(":");
    return [namespace, "config", ...(name[0] === "config" ? name.slice(1) : name)].join(":");
}
