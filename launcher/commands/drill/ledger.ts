/** What one client knows of its session's counter: the books by which an update is lost or not. Pure. */
export class Ledger {
    sessionsLost = 0;
    updatesLost = 0;
    updatesTwice = 0;
    private session?: string;
    /** Additions that were acknowledged, in the session as it is now. */
    private acknowledged = 0;
    /** Additions that failed on the way: each may have been carried out, or may still be. */
    private unknown = 0;

    /** An addition failed, and nobody knows whether it was carried out. */
    lostSight() {
        this.unknown++;
    }

    /**
     * An answer told the counter, and acknowledges so many additions more; of answers to several at once, the highest. Session ids are
     * without what names servers. Says what it shows to be lost, if anything.
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
        // From here on the books say what the counter says. What was not seen yet may still come.
        this.acknowledged = count;
        this.unknown = Math.max(0, this.unknown - Math.max(0, surplus));
        if (isOther && before !== undefined) return "session lost";
        return isWrong ? `the counter is ${count}, not ${told}` : undefined;
    }

    /** Whoever had a session and is given another has lost it, with all that it had counted. */
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
