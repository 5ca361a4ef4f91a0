import * as pulumi from "@pulumi/pulumi";
import { Keepalived, type KeepalivedArgs } from "../roles/keepalived";
import { Tengine, type TengineArgs } from "../roles/tengine";

/** A machine that takes the site's visitors: Tengine, and keepalived for the virtual address. */
export class Director extends pulumi.ComponentResource {
    constructor(name: string, args: TengineArgs & KeepalivedArgs, opts: pulumi.ComponentResourceOptions) {
        super("lab:Director", name, {}, opts);
        const tengine = new Tengine(`${name}-tengine`, args, { parent: this });
        new Keepalived(`${name}-keepalived`, { ...args, after: [tengine.ready] }, { parent: this });
        this.registerOutputs();
    }
}
