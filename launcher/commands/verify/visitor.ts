import type { MachineAccess } from "../../../config/access";
import type { LivingLab } from "../../stack/running-lab";

interface Count {
    node: string;
    session: string | null;
    count: number;
}

/** A visitor who adds to the counter of one session, at whatever address. */
export class Visitor {
    session?: string;
    readonly nodes = new Set<string>();

    /** `from`: a machine that asks in the visitor's place; an app server lets in nobody but directors. */
    constructor(
        private readonly lab: LivingLab,
        private readonly from?: MachineAccess,
    ) {}

    /** The counter after an addition. */
    add(base: string, page: string): Promise<number> {
        return this.ask(`${base}counter/${page}`, { op: "add" });
    }

    /** The counter as it is. */
    read(base: string, page: string): Promise<number> {
        return this.ask(`${base}counter/${page}`);
    }

    private async ask(url: string, form?: Record<string, string>): Promise<number> {
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
