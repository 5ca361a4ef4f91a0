/**
 * The load client, a process of its own inside the lab's network. It reads a LoadPlan, one line of JSON, from standard
 * input, and ends the load when standard input ends. It writes the line "ready" when every client has its session, and
 * at the end a LoadReport, one line of JSON.
 */
import * as http from "node:http";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { Ledger } from "./ledger";
import type { Failure, LoadPlan, LoadReport } from "./load";

const keptFailures = 200;

/** A failed request. `mayBeDone`: it was sent, so the server may have carried it out. */
class RequestFailed extends Error {
    constructor(
        message: string,
        readonly mayBeDone: boolean,
    ) {
        super(message);
    }
}

interface Reply {
    status: number;
    cookie?: string;
    body: string;
}

/** Sends one request. Every answer with an HTTP status is a success here. */
function request(
    url: string,
    method: "GET" | "POST",
    options: { agent: http.Agent | false; cookie?: string; connectMs: number; answerMs: number },
): Promise<Reply> {
    return new Promise((resolve, reject) => {
        let connected = false;
        const headers: http.OutgoingHttpHeaders = {
            ...(options.cookie ? { cookie: `JSESSIONID=${options.cookie}` } : {}),
            ...(method === "POST" ? { "content-length": 0 } : {}),
        };
        const sent = http.request(url, { method, agent: options.agent, headers });
        const giveUp = (message: string) => {
            const failure = new RequestFailed(message, connected);
            sent.destroy(failure);
            reject(failure);
        };
        const timers = [
            setTimeout(() => {
                if (!connected) giveUp(`no connection within ${options.connectMs} ms`);
            }, options.connectMs),
            setTimeout(() => giveUp(`no answer within ${options.answerMs} ms`), options.answerMs),
        ];
        sent.once("socket", (socket) => {
            if (socket.connecting)
                socket.once("connect", () => {
                    connected = true;
                });
            else connected = true;
        });
        sent.once("error", (error: NodeJS.ErrnoException) =>
            reject(
                error instanceof RequestFailed
                    ? error
                    : Object.assign(
                          new RequestFailed(
                              `${error.code ?? error.message}${sent.reusedSocket ? " on a kept connection" : ""}`,
                              connected,
                          ),
                          { staleConnection: sent.reusedSocket && error.code === "ECONNRESET" },
                      ),
            ),
        );
        sent.once("response", (response) => {
            const chunks: string[] = [];
            response.setEncoding("utf8").on("data", (chunk: string) => chunks.push(chunk));
            response.once("error", (error) => giveUp(`the answer broke off: ${error.message}`));
            response.once("end", () =>
                resolve({
                    status: response.statusCode ?? 0,
                    cookie: /JSESSIONID=([^;]+)/.exec((response.headers["set-cookie"] ?? []).join(";"))?.[1],
                    body: chunks.join(""),
                }),
            );
        });
        sent.once("close", () => timers.forEach(clearTimeout));
        sent.end();
    });
}

/** The longest time between successes. */
class Gap {
    private last = performance.now();
    longest = 0;
    success() {
        const now = performance.now();
        this.longest = Math.max(this.longest, now - this.last);
        this.last = now;
    }
}

interface Client {
    readonly ledger: Ledger;
    readonly gap: Gap;
    /** Whether the client keeps its connection open. */
    readonly keeps: boolean;
    readonly agent: http.Agent | false;
    cookie?: string;
}

class Load {
    readonly adds = { sent: 0, failed: 0, unknown: 0 };
    readonly reads = { sent: 0, failed: 0 };
    readonly probes = { sent: 0, failed: 0, unconnected: 0 };
    readonly nodes: Record<string, number> = {};
    readonly failures: Failure[] = [];
    private readonly start = performance.now();
    private readonly probeGap = new Gap();
    private readonly clients: Client[] = [];
    private isOver = false;

    constructor(private readonly plan: LoadPlan) {}

    /** Runs until `end()` or one of the plan's limits. Calls `ready` when every client has had one answer. */
    async run(ready: () => void): Promise<LoadReport> {
        let waiting = this.plan.clients;
        const begun = () => {
            if (--waiting === 0) ready();
        };
        const stop = setTimeout(() => {
            this.isOver = true;
        }, this.plan.maxSeconds * 1000);
        await Promise.all([
            this.probe(),
            ...Array.from({ length: this.plan.clients }, (_, number) => this.client(number, begun)),
        ]);
        clearTimeout(stop);
        return this.report();
    }

    end() {
        this.isOver = true;
    }

    private get goesOn() {
        return !this.isOver && this.adds.sent + this.reads.sent + this.probes.sent < this.plan.maxRequests;
    }

    private fail(kind: Failure["kind"], client: number, what: string, isLoss = false) {
        if (this.failures.length < keptFailures) this.failures.push({ at: Date.now(), kind, client, what, isLoss });
    }

    /** A client: additions and reads in turns. It ends with a read, to see the final counter. */
    private async client(number: number, begun: () => void) {
        const keeps = number % 2 === 1;
        const agent: http.Agent | false = keeps
            ? new http.Agent({ keepAlive: true, maxSockets: this.plan.atOnce })
            : false;
        const self: Client = { ledger: new Ledger(), gap: new Gap(), keeps, agent };
        this.clients.push(self);
        let told = false;
        const step = async (turn: number, kind: "add" | "read") => {
            const succeeded = await this.turn(self, number, turn, kind);
            if (succeeded && !told) {
                told = true;
                begun();
            }
            return succeeded;
        };
        for (let turn = 0; this.goesOn; turn++) {
            await step(turn, turn % 2 === 0 ? "add" : "read");
            await wait(this.plan.pauseMs);
        }
        for (let attempt = 0; attempt < 5 && !(await step(attempt, "read")); attempt++) await wait(200);
        if (agent) agent.destroy();
    }

    private async turn(self: Client, number: number, turn: number, kind: "add" | "read"): Promise<boolean> {
        const asked = self.cookie;
        // The first request is single: several at once without a session would make several sessions.
        const answers = await Promise.all(
            Array.from({ length: kind === "add" && asked ? this.plan.atOnce : 1 }, (_, index) =>
                this.ask(self, number, turn + index, kind),
            ),
        );
        const good = answers.flatMap((answer) => answer ?? []);
        // Of several answers, the highest count was served last. A read without a session shows nothing.
        const newest = good.sort((one, other) => other.count - one.count)[0];
        if (!newest) return false;
        self.gap.success();
        if (self.cookie) {
            const { node, session, count } = newest;
            const losses = self.ledger.saw(
                session && session.replace(/[-.].*$/, ""),
                count,
                kind === "add" ? good.length : 0,
            );
            if (losses)
                this.fail(kind, number, `${losses}; asked with ${asked}, answered by ${node} with ${session}`, true);
        }
        return true;
    }

    /** One request of a client. Undefined if it failed. */
    private async ask(
        self: Client,
        number: number,
        turn: number,
        kind: "add" | "read",
    ): Promise<{ node: string; session: string | null; count: number } | undefined> {
        const page = `counter/${number}-${turn % this.plan.addresses}`;
        const { connectMs, answerMs } = this.plan;
        const books = kind === "add" ? this.adds : this.reads;
        books.sent++;
        const once = (agent = self.agent) =>
            request(`${this.plan.url}${page}${kind === "add" ? "?op=add" : ""}`, kind === "add" ? "POST" : "GET", {
                agent,
                cookie: self.cookie,
                connectMs,
                answerMs,
            });
        try {
            // A browser repeats an idempotent request if a kept connection turns out to be closed (RFC 9110, 9.2.2), on a
            // new connection: the other kept ones may be closed as well.
            const reply = await once().catch((error: unknown) => {
                if (kind === "read" && (error as { staleConnection?: boolean }).staleConnection) return once(false);
                throw error;
            });
            if (reply.status !== 200) throw new RequestFailed(`HTTP ${reply.status}`, true);
            const answer = JSON.parse(reply.body) as { node: string; session: string | null; count: number };
            this.nodes[answer.node] = (this.nodes[answer.node] ?? 0) + 1;
            if (reply.cookie) self.cookie = reply.cookie;
            return answer;
        } catch (error) {
            const failure = error instanceof RequestFailed ? error : new RequestFailed(String(error), true);
            books.failed++;
            if (kind === "add" && failure.mayBeDone) {
                this.adds.unknown++;
                self.ledger.lostSight();
            }
            this.fail(kind, number, failure.message);
            return undefined;
        }
    }

    private async probe() {
        const { url, probePath, probeForbids, probeEveryMs, probeMs, probeConnectMs } = this.plan;
        const under: Promise<void>[] = [];
        while (this.goesOn) {
            this.probes.sent++;
            under.push(
                request(`${url}${probePath}`, "GET", { agent: false, connectMs: probeConnectMs, answerMs: probeMs })
                    .then(({ status, body }) => {
                        if (status !== 200) throw new Error(`HTTP ${status}`);
                        if (probeForbids && body.includes(probeForbids))
                            throw new Error(`the answer has ${probeForbids}`);
                        this.probeGap.success();
                    })
                    .catch((error: unknown) => {
                        this.probes.failed++;
                        if (error instanceof RequestFailed && !error.mayBeDone) this.probes.unconnected++;
                        this.fail("probe", -1, (error as Error).message);
                    }),
            );
            await wait(probeEveryMs);
        }
        await Promise.all(under);
    }

    private report(): LoadReport {
        const sum = (value: (ledger: Ledger) => number) =>
            this.clients.reduce((total, { ledger }) => total + value(ledger), 0);
        const gap = (kept: boolean) =>
            Math.max(0, ...this.clients.filter(({ keeps }) => keeps === kept).map((client) => client.gap.longest)) /
            1000;
        return {
            seconds: (performance.now() - this.start) / 1000,
            adds: this.adds,
            reads: this.reads,
            probes: this.probes,
            sessionsLost: sum((ledger) => ledger.sessionsLost),
            updatesLost: sum((ledger) => ledger.updatesLost),
            updatesTwice: sum((ledger) => ledger.updatesTwice),
            gaps: { probe: this.probeGap.longest / 1000, newConnection: gap(false), keptConnection: gap(true) },
            nodes: this.nodes,
            failures: this.failures,
        };
    }
}

const lines = createInterface(process.stdin);
lines.once("line", (line) => {
    const load = new Load(JSON.parse(line) as LoadPlan);
    lines.once("close", () => load.end());
    const say = (text: string) => void process.stdout.write(`${text}\n`);
    void load
        .run(() => say("ready"))
        .then((report) => {
            say(JSON.stringify(report));
            lines.close();
        });
});
