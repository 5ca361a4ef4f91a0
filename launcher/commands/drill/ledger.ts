/** What one client knows about the counter of its session. From this it decides whether updates were lost. */
export class Ledger {
    sessionsLost = 0;
    updatesLost = 0;
    updatesTwice = 0;
    private session?: string;
    /** Acknowledged additions in the current session. */
    private acknowledged = 0;
    /** Additions that failed after they were sent: the server may have carried each of them out, or may still do so. */
    private unknown = 0;

    /** Notes that an addition failed and may have been carried out. */
    lostSight() {
        this.unknown++;
    }

    /**
     * Notes an answer with the counter, which acknowledges `added` more additions. Of answers to several requests at
     * once, the highest counter is noted. `session` is the session id without the parts that name servers. Returns what
     * the answer shows to be lost, or undefined.
     */
    saw(session: string | null, count: number, added: number): string | undefined {
        const before = this.session;
        const isOther = session !== (before ?? null);
        if (isOther) this.changeSession(session);
        this.acknowledged += added;
        const surplus = count - this.acknowledged;
        const told = this.acknowledged;
        if (surplus < 0) this.updatesLost -= surplus;
        if (surplus > this.unknown) this.updatesTwice += surplus - this.unknown;
        const isWrong = surplus < 0 || surplus > this.unknown;
        // From here on the counter is taken as it is. An addition with an unknown result may still be carried out.
        this.acknowledged = count;
        this.unknown = Math.max(0, this.unknown - Math.max(0, surplus));
        if (isOther && before !== undefined) return "session lost";
        return isWrong ? `the counter is ${count}, not ${told}` : undefined;
    }

    /** A client that gets another session has lost its session, with all additions in it. */
    private changeSession(session: string | null) {
        if (this.session !== undefined) {
            this.sessionsLost++;
            this.updatesLost += this.acknowledged;
        }
        this.session = session ?? undefined;
        this.acknowledged = 0;
        this.unknown = 0;
    }
}
