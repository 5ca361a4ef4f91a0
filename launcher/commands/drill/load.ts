/**
 * What a load client has to do, and its report. Times are in milliseconds if the name ends in Ms, otherwise in seconds.
 */

export interface LoadPlan {
    /** The site's URL, with a slash at its end. */
    url: string;
    /** The number of clients. Each has its own session; every second client keeps its connection open. */
    clients: number;
    /**
     * How many different addresses each client uses in turn. A director that hashes over the address would spread one
     * session over all app servers.
     */
    addresses: number;
    /** The time between an answer and the client's next request. */
    pauseMs: number;
    /** Additions that a client sends at the same time. A page that loads several resources does the same. */
    atOnce: number;
    /** How long a client waits for a connection. */
    connectMs: number;
    /** How long a client waits for an answer. */
    answerMs: number;
    /** A probe is a GET on a new connection. */
    probePath: string;
    /** A probe fails if its answer has this text. */
    probeForbids?: string;
    /** Probes start in this interval, whatever becomes of the ones before. */
    probeEveryMs: number;
    probeConnectMs: number;
    probeMs: number;
    /** Limits after which the load ends by itself. */
    maxSeconds: number;
    maxRequests: number;
}

export interface Failure {
    /** Milliseconds since the epoch. */
    at: number;
    kind: "add" | "read" | "probe";
    /** The client's number; -1 for a probe. */
    client: number;
    what: string;
    /** The request had an answer, and the answer shows that something was lost. */
    isLoss: boolean;
}

export interface LoadReport {
    seconds: number;
    /** `unknown`: failed, but the server may have carried it out. */
    adds: { sent: number; failed: number; unknown: number };
    reads: { sent: number; failed: number };
    /** `unconnected`: gave up before TCP retried. A visitor would have waited, so these count only in `gaps`. */
    probes: { sent: number; failed: number; unconnected: number };
    sessionsLost: number;
    /** Acknowledged additions that are missing in a later counter. */
    updatesLost: number;
    /** Additions that were counted but not sent: a proxy sent a request twice. */
    updatesTwice: number;
    /** The longest time without a success: of all probes together, and of the worst client of each kind. */
    gaps: { probe: number; newConnection: number; keptConnection: number };
    /** The number of answers from each app server. */
    nodes: Record<string, number>;
    /** The first 200. */
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
