/**
 * A Node.js language host for Pulumi's engine: runs programs and answers questions about them. The engine starts it
 * with the engine's address as the last argument. README.md in this folder says what it leaves out.
 */
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb";
import * as rpc from "@pulumi/pulumi/proto/language_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { PULUMI_VERSION } from "../pins";
import { servePlugin, toStatus, unary } from "../serve";
import { installDependencies, nodeExecutable, programDependencies } from "./dependencies";
import { flagError, parseOptions } from "./options";
import { requiredPackages } from "./packages";
import { runProgram } from "./run";
import type * as grpc from "@grpc/grpc-js";

let engineAddress = process.argv.at(-1) ?? "";

/** The part of a request that says where the program is. Engines send it since 3.102. */
function programOf(request: { getInfo(): rpc.ProgramInfo | undefined }): rpc.ProgramInfo {
    const info = request.getInfo();
    if (!info) throw new Error("the engine did not say where the program is");
    return info;
}

const handlers = {
    handshake: unary((request: rpc.LanguageHandshakeRequest) => {
        engineAddress = request.getEngineAddress();
        return new rpc.LanguageHandshakeResponse();
    }),
    getPluginInfo: unary(() => new PluginInfo().setVersion(PULUMI_VERSION)),
    getRequiredPackages: unary((request: rpc.GetRequiredPackagesRequest) =>
        new rpc.GetRequiredPackagesResponse().setPackagesList(
            requiredPackages(programOf(request).getProgramDirectory()),
        ),
    ),
    getProgramDependencies: unary(async (request: rpc.GetProgramDependenciesRequest) =>
        new rpc.GetProgramDependenciesResponse().setDependenciesList(
            await programDependencies(programOf(request).getProgramDirectory(), request.getTransitivedependencies()),
        ),
    ),
    about: unary(async () => {
        const node = await nodeExecutable();
        return new rpc.AboutResponse().setExecutable(node.path).setVersion(node.version);
    }),
    runtimeOptionsPrompts: unary(() => new rpc.RuntimeOptionsResponse()),
    run: (
        call: grpc.ServerUnaryCall<rpc.RunRequest, rpc.RunResponse>,
        callback: grpc.sendUnaryData<rpc.RunResponse>,
    ) => {
        const cancelled = new AbortController();
        call.on("cancelled", () => cancelled.abort());
        runProgram({
            request: call.request,
            program: programOf(call.request),
            engineAddress,
            cancelled: cancelled.signal,
        }).then(
            (response) => callback(null, response),
            (error: unknown) => callback(toStatus(error)),
        );
    },
    installDependencies: (
        call: grpc.ServerWritableStream<rpc.InstallDependenciesRequest, rpc.InstallDependenciesResponse>,
    ) => {
        const program = programOf(call.request);
        installDependencies(program.getProgramDirectory(), parseOptions(program).packageManager, (chunk, stream) => {
            const message = new rpc.InstallDependenciesResponse();
            call.write(stream === "stdout" ? message.setStdout(chunk) : message.setStderr(chunk));
        }).then(
            () => call.end(),
            (error: unknown) => call.emit("error", toStatus(error)),
        );
    },
};

const error = flagError(process.argv.slice(2));
if (error !== undefined) {
    process.stderr.write(`${error}\n`);
    process.exit(2);
}
void servePlugin((server) => {
    server.addService(LanguageRuntimeService, handlers);
});
