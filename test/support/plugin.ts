import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import * as grpc from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogSeverity, type LogRequest } from "@pulumi/pulumi/proto/engine_pb";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as rpc from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct, type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";

export type Values = Record<string, unknown>;

export interface Message {
    severity: string;
    message: string;
    ephemeral: boolean;
}

/** The parts of an answer, or the error of a call. */
export type Answer = Record<string, unknown> | { failed: string };

const urnOf = (type: string) => `urn:pulumi:dev::test::${type}::thing`;
const toStruct = (values: Values) => Struct.fromJavaScript(values as Record<string, JavaScriptValue>);
const fromStruct = (struct: Struct | undefined) => struct?.toJavaScript() ?? {};
const nameIn = (constants: object, value: number) =>
    Object.entries(constants).find(([, number]) => number === value)?.[0];

/** A running resource plugin, called as the engine calls it. `messages` are its log messages to the engine. */
export class Plugin {
    messages: Message[] = [];

    private constructor(
        private readonly process: ChildProcess,
        private readonly engine: grpc.Server,
        private readonly client: ResourceProviderClient,
    ) {}

    static async start(executable: string): Promise<Plugin> {
        const messages: Message[] = [];
        const engine = new grpc.Server();
        engine.addService(EngineService, {
            log: (call: grpc.ServerUnaryCall<LogRequest, Empty>, done: grpc.sendUnaryData<Empty>) => {
                messages.push({
                    severity: nameIn(LogSeverity, call.request.getSeverity()) ?? "",
                    message: call.request.getMessage(),
                    ephemeral: call.request.getEphemeral(),
                });
                done(null, new Empty());
            },
        });
        const port = await new Promise<number>((resolve, reject) => {
            engine.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
                error ? reject(error) : resolve(bound),
            );
        });
        const child = spawn(executable, [`127.0.0.1:${port}`], {
            stdio: ["ignore", "pipe", "inherit"],
            env: { ...process.env, SSH_AUTH_SOCK: "" },
        });
        const [address] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
        const plugin = new Plugin(
            child,
            engine,
            new ResourceProviderClient(`127.0.0.1:${address}`, grpc.credentials.createInsecure()),
        );
        plugin.messages = messages;
        await plugin.#call(
            (done) =>
                plugin.client.configure(
                    new rpc.ConfigureRequest()
                        .setAcceptsecrets(true)
                        .setAcceptresources(true)
                        .setSendsOldInputs(true)
                        .setSendsOldInputsToDelete(true),
                    done,
                ),
            () => ({}),
        );
        return plugin;
    }

    async stop(): Promise<void> {
        this.client.close();
        this.engine.forceShutdown();
        this.process.kill("SIGINT");
        if (this.process.exitCode === null) await once(this.process, "exit");
    }

    schema(): Promise<Answer> {
        return this.#call(
            (done) => this.client.getSchema(new rpc.GetSchemaRequest(), done),
            (answer: rpc.GetSchemaResponse) => JSON.parse(answer.getSchema()) as Values,
        );
    }

    checkConfig(news: Values): Promise<Answer> {
        return this.#call(
            (done) =>
                this.client.checkConfig(
                    new rpc.CheckRequest().setUrn(urnOf("pulumi:providers:command")).setNews(toStruct(news)),
                    done,
                ),
            checkAnswer,
        );
    }

    diffConfig(olds: Values, news: Values): Promise<Answer> {
        const request = new rpc.DiffRequest()
            .setUrn(urnOf("pulumi:providers:command"))
            .setOlds(toStruct(olds))
            .setOldInputs(toStruct(olds))
            .setNews(toStruct(news));
        return this.#call((done) => this.client.diffConfig(request, done), diffAnswer);
    }

    check(type: string, news: Values): Promise<Answer> {
        const request = new rpc.CheckRequest().setUrn(urnOf(type)).setNews(toStruct(news)).setOlds(toStruct({}));
        return this.#call((done) => this.client.check(request, done), checkAnswer);
    }

    diff(
        type: string,
        oldInputs: Values,
        news: Values,
        state: Values = oldInputs,
        ignore: string[] = [],
    ): Promise<Answer> {
        const request = new rpc.DiffRequest()
            .setId("id")
            .setUrn(urnOf(type))
            .setOlds(toStruct(state))
            .setOldInputs(toStruct(oldInputs))
            .setNews(toStruct(news))
            .setIgnorechangesList(ignore);
        return this.#call((done) => this.client.diff(request, done), diffAnswer);
    }

    create(type: string, inputs: Values, { preview = false, timeout = 0 } = {}): Promise<Answer> {
        const request = new rpc.CreateRequest()
            .setUrn(urnOf(type))
            .setProperties(toStruct(inputs))
            .setPreview(preview)
            .setTimeout(timeout);
        return this.#call(
            (done) => this.client.create(request, done),
            (answer: rpc.CreateResponse) => ({ id: answer.getId(), properties: fromStruct(answer.getProperties()) }),
        );
    }

    update(type: string, state: Values, news: Values, { preview = false, oldInputs = state } = {}): Promise<Answer> {
        const request = new rpc.UpdateRequest()
            .setId("id")
            .setUrn(urnOf(type))
            .setOlds(toStruct(state))
            .setNews(toStruct(news))
            .setOldInputs(toStruct(oldInputs))
            .setPreview(preview);
        return this.#call(
            (done) => this.client.update(request, done),
            (answer: rpc.UpdateResponse) => ({ properties: fromStruct(answer.getProperties()) }),
        );
    }

    delete(type: string, state: Values): Promise<Answer> {
        const request = new rpc.DeleteRequest()
            .setId("id")
            .setUrn(urnOf(type))
            .setProperties(toStruct(state))
            .setOldInputs(toStruct({}));
        return this.#call(
            (done) => this.client.delete(request, done),
            () => ({}),
        );
    }

    read(type: string, state: Values, inputs: Values): Promise<Answer> {
        const request = new rpc.ReadRequest()
            .setId("id")
            .setUrn(urnOf(type))
            .setProperties(toStruct(state))
            .setInputs(toStruct(inputs));
        return this.#call(
            (done) => this.client.read(request, done),
            (answer: rpc.ReadResponse) => ({
                id: answer.getId(),
                properties: fromStruct(answer.getProperties()),
                inputs: fromStruct(answer.getInputs()),
            }),
        );
    }

    invoke(token: string, args: Values): Promise<Answer> {
        return this.#call(
            (done) => this.client.invoke(new rpc.InvokeRequest().setTok(token).setArgs(toStruct(args)), done),
            (answer: rpc.InvokeResponse) => ({ result: fromStruct(answer.getReturn()), failures: failuresOf(answer) }),
        );
    }

    cancel(): Promise<Answer> {
        return this.#call(
            (done) => this.client.cancel(new Empty(), done),
            () => ({}),
        );
    }

    /** The log messages since the last call of this function. */
    takeMessages(): Message[] {
        return this.messages.splice(0);
    }

    #call<T>(
        send: (done: (error: grpc.ServiceError | null, answer: T) => void) => void,
        read: (answer: T) => Answer,
    ): Promise<Answer> {
        return new Promise((resolve) => {
            send((error, answer) =>
                resolve(error ? { failed: error.details, code: grpc.status[error.code] } : read(answer)),
            );
        });
    }
}

const failuresOf = (answer: { getFailuresList(): rpc.CheckFailure[] }) =>
    answer
        .getFailuresList()
        .map((failure) => `${failure.getProperty()}: ${failure.getReason()}`)
        .sort();

const checkAnswer = (answer: rpc.CheckResponse) => ({
    inputs: fromStruct(answer.getInputs()),
    failures: failuresOf(answer),
});

function diffAnswer(answer: rpc.DiffResponse): Answer {
    const detailed: Record<string, string | undefined> = {};
    answer.getDetaileddiffMap().forEach((change, path) => {
        detailed[path] = nameIn(rpc.PropertyDiff.Kind, change.getKind());
    });
    return {
        changes: nameIn(rpc.DiffResponse.DiffChanges, answer.getChanges()),
        diffs: answer.getDiffsList().sort(),
        replaces: answer.getReplacesList().sort(),
        detailed,
    };
}
