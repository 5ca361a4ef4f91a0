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

    private async request(url: string, form?: Record<string, string>): Promise<number> {
        const { status, headers, body } = await this.lab.request(url, {
            form,
            from: this.from,
            headers: this.session ? { Cookie: `JSESSIONID=${this.session}` } : {},
        });
        if (status !== 200) throw new Error(`HTTP ${status} at ${url}`);
        const answer = JSON.parse(body) as Count;
        const given = /JSESSIONID=([^;]+)/.exec(headers["set-cookie"] ?? "")?.[1];
        if (given) this.session = given;
        this.nodes.add(answer.node);
        return answer.count;
    }
}
