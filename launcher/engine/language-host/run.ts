import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import * as path from "node:path";
import { RunResponse } from "@pulumi/pulumi/proto/language_pb";
import { killWithOperation } from "../serve";
import { parseOptions } from "./options";
import type { ProgramInfo, RunRequest } from "@pulumi/pulumi/proto/language_pb";

/** Exit code of the SDK's runner (`cmd/run` of @pulumi/pulumi) when it has already shown the error to the user. */
const ALREADY_REPORTED = 32;

interface Run {
    request: RunRequest;
    program: ProgramInfo;
    engineAddress: string;
    cancelled: AbortSignal;
}

/** Runs a program to its end. The response has the program's error; only errors of this host are thrown. */
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
    // Not inherited: node would change the mode of inherited streams. The engine shows the output of this process.
    child.stdout.pipe(process.stdout, { end: false });
    child.stderr.pipe(process.stderr, { end: false });
    killWithOperation(child, cancelled);
    try {
        const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
            child.once("error", reject);
            child.once("close", (...how) => resolve(how));
        });
        if (code === 0) return new RunResponse();
        if (code === ALREADY_REPORTED) return new RunResponse().setBail(true);
        // The official host shows -1 for a program that a signal ended.
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

/**
 * The engine sends `project:name`. The official host passes on `project:config:name`, which SDKs of all versions
 * understand.
 */
function configKey(key: string): string {
    const [namespace, ...name] = key.split(":");
    return [namespace, "config", ...(name[0] === "config" ? name.slice(1) : name)].join(":");
}
