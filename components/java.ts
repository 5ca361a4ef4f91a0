import * as pulumi from "@pulumi/pulumi";
import type { RoleArgs, RoleContext } from "./role";
import type { RoleConfiguration } from "./role-configuration";
import { render } from "./template";

/** JDK 8 (seed row 10); the package itself comes with the machine's other packages. */
export class Java extends pulumi.ComponentResource {
    readonly ready: pulumi.Resource;

    constructor(name: string, args: RoleArgs, opts: pulumi.ComponentResourceOptions) {
        super("lab:Java", name, {}, opts);
        this.ready = args.host.configure("java", javaConfiguration(args), { parent: this });
        this.registerOutputs();
    }
}

export function javaConfiguration({ platform }: RoleContext): RoleConfiguration {
    return {
        files: [{ path: "/etc/profile.d/java.sh", content: render("etc/profile.d/java.sh", { javaHome: platform.javaHome }) }],
        ready: { command: `${platform.javaHome}/bin/java -version 2>&1 | grep -q 'version "1\\.8\\.'`, seconds: 120 },
    };
}
