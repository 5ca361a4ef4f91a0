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

/** What an operation on one resource gets from the provider. */
export interface Context {
    /** Aborted when the engine cancels the deployment, and when the resource's custom time-out is over. */
    signal: AbortSignal;
    /** A message that stays visible after the operation. */
    log(severity: Severity, message: string): void;
    /** A message that is shown beside the resource until the next one. */
    status(message: string): void;
}

/** Sends messages to the engine in their order. A message that cannot be sent is dropped without an error. */
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

    /** Resolves when all messages so far have been sent. */
    flushed(): Promise<void> {
        return this.#sent;
    }
}
