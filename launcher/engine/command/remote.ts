import { previousOutput, OutputCollector, type Output } from "./output";
import { withSsh, type Connection } from "./ssh";
import { quote } from "./text";
import type { Context } from "./context";
import type { Client, ClientChannel } from "ssh2";

/** The inputs of a remote command other than the command itself. */
export interface RemoteInputs {
    connection: Connection;
    stdin?: string;
    logging?: string;
    environment?: Record<string, string>;
    addPreviousOutputInEnv?: boolean;
}

/**
 * Runs a command on another machine to its end. Throws an error with its whole output if it fails. A cancellation ends
 * only the connecting.
 */
export function runRemote(command: string, inputs: RemoteInputs, previous: Output, context: Context): Promise<Output> {
    return withSsh(inputs.connection, context, async (client) => {
        const session = await openSession(client);
        for (const [name, value] of Object.entries(inputs.environment ?? {})) {
            if (!(await session.setVariable(name, value))) {
                context.log("error", refusedVariable(name));
                throw new Error(`could not set environment variable ${quote(name)}: ssh: setenv failed`);
            }
        }
        for (const [name, value] of Object.entries(previousOutput(inputs.addPreviousOutputInEnv, previous))) {
            if (!(await session.setVariable(name, value))) context.log("warning", refusedVariable(name));
        }
        const collector = new OutputCollector(context, inputs.logging);
        const outcome = await session.run(command, inputs.stdin ?? "", collector);
        const output = collector.finish();
        if (outcome !== undefined) throw new Error(`${outcome}: running ${quote(command)}:\n${collector.everything()}`);
        return output;
    });
}

const refusedVariable = (
    name: string,
) => `Unable to set '${name}'. This only works if your SSH server is configured to accept
	these variables via AcceptEnv. Alternatively, if a Bash-like shell runs the command on the remote host, you could
	prefix the command itself with the variables in the form 'VAR=value command'`;

interface Session {
    /** Whether the server accepted the variable. */
    setVariable(name: string, value: string): Promise<boolean>;
    /** Gives undefined if the command succeeded, else how it ended. */
    run(command: string, stdin: string, collector: OutputCollector): Promise<string | undefined>;
}

/** Internals of ssh2: its `exec` does not ask the server whether it accepts a variable. */
interface Internals {
    _chanMgr: { add(opened: (error: Error | undefined, channel: ClientChannel) => void): number };
    _protocol: {
        session(channel: number, window: number, packet: number): void;
        env(channel: number, name: string, value: string, wantReply: boolean): void;
        exec(channel: number, command: string, wantReply: boolean): void;
    };
}

interface ChannelInternals {
    outgoing: { id: number };
    _callbacks: ((failed: boolean | Error) => void)[];
}

const WINDOW = 2 * 1024 * 1024;
const PACKET = 32 * 1024;

async function openSession(client: Client): Promise<Session> {
    const { _chanMgr: channels, _protocol: protocol } = client as unknown as Internals;
    const channel = await new Promise<ClientChannel>((resolve, reject) => {
        const opened = (error: Error | undefined, opened: ClientChannel) => (error ? reject(error) : resolve(opened));
        protocol.session(channels.add(Object.assign(opened, { type: "session" })), WINDOW, PACKET);
    });
    const {
        outgoing: { id },
        _callbacks: replies,
    } = channel as unknown as ChannelInternals;
    // Replies come in the order of the requests. If the connection ends first, there is no reply, and only the channel
    // closes.
    const request = (send: () => void) =>
        new Promise<boolean>((resolve) => {
            channel.once("close", () => resolve(false));
            replies.push((failed) => resolve(!failed));
            send();
        });
    return {
        setVariable: (name, value) => request(() => protocol.env(id, name, value, true)),
        run: (command, stdin, collector) =>
            new Promise((resolve) => {
                let outcome: string | undefined = "wait: remote command exited without exit status or exit signal";
                channel.on("data", (chunk: Buffer) => collector.write("stdout", chunk));
                channel.stderr.on("data", (chunk: Buffer) => collector.write("stderr", chunk));
                channel.once("exit", (code: number | null, signal?: string) => {
                    outcome = exitText(code, signal);
                });
                channel.once("close", () => resolve(outcome));
                void request(() => protocol.exec(id, command, true)).then((accepted) => {
                    // On an open channel, false means that the server refused the command. `outcome` is set if the
                    // channel has closed.
                    if (!accepted) {
                        outcome = outcome && `ssh: command ${command} failed`;
                        channel.close();
                    }
                });
                channel.end(stdin);
            }),
    };
}

/**
 * Numbers of the signals in RFC 4254, section 6.10. The exit status of a process that a signal ended is 128 plus its
 * number.
 */
const SIGNALS: Record<string, number> = {
    HUP: 1,
    INT: 2,
    QUIT: 3,
    ILL: 4,
    ABRT: 6,
    FPE: 8,
    KILL: 9,
    USR1: 10,
    SEGV: 11,
    USR2: 12,
    PIPE: 13,
    ALRM: 14,
    TERM: 15,
};

function exitText(code: number | null, signal: string | undefined): string | undefined {
    if (code === 0) return undefined;
    if (code !== null) return `Process exited with status ${code}`;
    const name = signal?.replace(/^SIG/, "") ?? "";
    return `Process exited with status ${128 + (SIGNALS[name] ?? 0)} from signal ${name}`;
}
