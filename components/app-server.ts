import * as pulumi from "@pulumi/pulumi";
import { Httpd } from "../roles/httpd";
import { Java } from "../roles/java";
import { Tomcat, type TomcatArgs } from "../roles/tomcat";
import { WebSite } from "../roles/web-site";

/** A machine that runs the site: JDK, the JSP application, Tomcat, httpd. */
export class AppServer extends pulumi.ComponentResource {
    /** There when all of it works. To depend on this, and not on each part, keeps the states of those in front of it small. */
    readonly ready: pulumi.Resource;

    constructor(name: string, args: TomcatArgs, opts: pulumi.ComponentResourceOptions) {
        super("lab:AppServer", name, {}, opts);
        const java = new Java(`${name}-java`, args, { parent: this });
        const site = new WebSite(`${name}-site`, args, { parent: this });
        const tomcat = new Tomcat(
            `${name}-tomcat`,
            { ...args, after: [...(args.after ?? []), java.ready, site.ready] },
            { parent: this },
        );
        this.ready = new Httpd(`${name}-httpd`, { ...args, after: [tomcat.ready] }, { parent: this }).ready;
        this.registerOutputs();
    }
}
