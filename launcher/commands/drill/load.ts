/** What a load client is asked for, and what it saw. Times are in milliseconds where the name says so, else in seconds. */

export interface LoadPlan {
    /** The site, with a slash at its end. */
    url: string;
    /** Each works on a session of its own, one request at a time; every second one keeps its connection. */
    clients: number;
    /** Addresses that each client's requests go round, so that a hash over them would spread one session over all app servers. */
    addresses: number;
    /** Between an answer and the client's next request. */
    pauseMs: number;
    /** Additions that a client sends at once, as a page that loads does. */
    atOnce: number;
    /** Until a client gives up a connection that does not come about, and an answer that does not come. */
    connectMs: number;
    answerMs: number;
    /** A probe is a GET on a new connection, begun every so many milliseconds whatever became of the one before. */
    probePath: string;
    /** A probe whose answer has this text has failed. */
    probeForbids?: string;
    probeEveryMs: number;
    probeConnectMs: number;
    probeMs: number;
    /** The client ends by itself after this. */
    maxSeconds: number;
    maxRequests: number;
}

export interface Failure {
    /** Milliseconds since the epoch. */
    at: number;
    kind: "add" | "read" | "probe";
    /** Number of the client. */
    client: number;
    what: string;
    /** Not a request that failed, but an answer that shows something to be lost. */
    isLoss: boolean;
}

export interface LoadReport {
    seconds: number;
    /** `unknown`: failed, and may have been carried out all the same. */
    adds: { sent: number; failed: number; unknown: number };
    reads: { sent: number; failed: number };
    /** `unconnected`: gave up before TCP would have tried again, which a visitor does not; they count in the gap. */
    probes: { sent: number; failed: number; unconnected: number };
    sessionsLost: number;
    /** Acknowledged additions that a later answer did not count. */
    updatesLost: number;
    /** Additions counted that nobody asked for: a proxy sent a request twice. */
    updatesTwice: number;
    /** The longest time without a success: for the probes together, and of the client that it hit hardest. */
    gaps: { probe: number; newConnection: number; keptConnection: number };
    /** Answers by app server. */
    nodes: Record<string, number>;
    /** The first of them. */
    failures: Failure[];
}

export const defaultLoad: Omit<LoadPlan, "url"> = {
    clients: 12,
    addresses: 7,
    pauseMs: 60,
    atOnce: 1,
    connectMs: 1500,
    answerMs: 12_000,
    probePath: "counter/probe",
    probeEveryMs: 50,
    probeConnectMs: 400,
    probeMs: 1500,
    maxSeconds: 600,
    maxRequests: 200_000,
};
