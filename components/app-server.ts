import * as pulumi from "@pulumi/pulumi";
import { Httpd } from "./httpd";
import { Java } from "./java";
import { Tomcat, type TomcatArgs } from "./tomcat";

/** A machine that runs the site: JDK, Tomcat, httpd. */
export class AppServer extends pulumi.ComponentResource {
    constructor(name: string, args: TomcatArgs, opts: pulumi.ComponentResourceOptions) {
        super("lab:AppServer", name, {}, opts);
        const java = new Java(`${name}-java`, args, { parent: this });
        const tomcat = new Tomcat(`${name}-tomcat`, { ...args, after: [...args.after ?? [], java.ready] }, { parent: this });
        new Httpd(`${name}-httpd`, { ...args, after: [tomcat.ready] }, { parent: this });
        this.registerOutputs();
    }
}
