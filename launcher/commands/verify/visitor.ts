import type { MachineAccess } from "../../../config/access";
import type { RunningLab } from "../../stack/running-lab";

interface Count {
    node: string;
    session: string | null;
    count: number;
}

/** A visitor with one session, who adds to the counter in it. */
export class Visitor {
    session?: string;
    readonly nodes = new Set<string>();

    /** `from`: the machine that sends the requests. App servers accept requests only from directors. */
    constructor(
        private readonly lab: RunningLab,
        private readonly from?: MachineAccess,
    ) {}

    /** Adds one. Returns the counter. `base` is a URL with a slash at its end. */
    add(base: string, page: string): Promise<number> {
        return this.request(`${base}counter/${page}`, { op: "add" });
    }

    /** Returns the counter. */
    read(base: string, page: string): Promise<number> {
        return this.request(`${base}counter/${page}`);
    }

    /** Asks for a page in the session, and returns its text. */
    async ask(url: string, form?: Record<string, string>): Promise<string> {
        const { status, headers, body } = await this.lab.request(url, {
            form,
            from: this.from,
            headers: this.session ? { Cookie: `JSESSIONID=${this.session}` } : {},
        });
        if (status !== 200) throw new Error(`HTTP ${status} at ${url}`);
        this.take(headers);
        return body;
    }

    /** Asks for a page of any application, which may answer with another address. */
    async open(url: string): Promise<void> {
        const headers: Record<string, string> = this.session ? { Cookie: `JSESSIONID=${this.session}` } : {};
        const answer = await this.lab.request(url, { from: this.from, headers });
        if (answer.status < 200 || answer.status > 399) throw new Error(`HTTP ${answer.status} at ${url}`);
        this.take(answer.headers);
    }

    /** The part of the session's id that no takeover changes. */
    get sessionName(): string | undefined {
        return /^[0-9A-Fa-f]+/.exec(this.session ?? "")?.[0];
    }

    private take(headers: Record<string, string>): void {
        const given = /JSESSIONID=([^;]+)/.exec(headers["set-cookie"] ?? "")?.[1];
        if (given) this.session = given;
    }

    private async request(url: string, form?: Record<string, string>): Promise<number> {
        const answer = JSON.parse(await this.ask(url, form)) as Count;
        this.nodes.add(answer.node);
        return answer.count;
    }
}
