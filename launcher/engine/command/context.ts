import * as grpc from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";
import { CHANNEL_OPTIONS } from "../serve";

export type Severity = "debug" | "info" | "warning" | "error";

const SEVERITIES: Record<Severity, LogSeverity> = {
    debug: LogSeverity.DEBUG,
    info: LogSeverity.INFO,
    warning: LogSeverity.WARNING,
    error: LogSeverity.ERROR,
};

/** What an operation on one resource works with. */
export interface Context {
    /** Aborted when the engine cancels the deployment, and when the resource's own time is over. */
    signal: AbortSignal;
    /** Shown to the user after the operation as well. */
    log(severity: Severity, message: string): void;
    /** Shown beside the resource for as long as it is the newest. */
    status(message: string): void;
}

/** Sends messages to the engine, in the order in which they were given. A message that cannot be sent is lost; it is no reason to fail. */
export class EngineLog {
    #client: EngineClient | undefined;
    #sent: Promise<void> = Promise.resolve();

    /** The engine's address is `host:port`. */
    connect(address: string): void {
        this.#client = new EngineClient(address, grpc.credentials.createInsecure(), CHANNEL_OPTIONS);
    }

    write(urn: string, severity: Severity, message: string, ephemeral: boolean): void {
        const client = this.#client;
        if (!client) return;
        const request = new LogRequest()
            .setUrn(urn)
            .setSeverity(SEVERITIES[severity])
            .setMessage(message)
            .setEphemeral(ephemeral);
        this.#sent = this.#sent.then(() => new Promise((resolve) => client.log(request, () => resolve())));
    }

    /** Ends when everything written so far has arrived. */
    flushed(): Promise<void> {
        return this.#sent;
    }
}
