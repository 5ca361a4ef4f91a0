import * as pulumi from "@pulumi/pulumi";
import type { RoleArgs, RoleContext } from "../components/role";
import type { RoleConfiguration } from "./role-configuration";
import { render } from "./template";

/** What every machine has, whatever its roles: it knows the others by name. */
export class Base extends pulumi.ComponentResource {
    constructor(name: string, args: RoleArgs, opts: pulumi.ComponentResourceOptions) {
        super("lab:Base", name, {}, opts);
        args.host.configure("base", baseConfiguration(args), { parent: this });
        this.registerOutputs();
    }
}

export function baseConfiguration({ description }: RoleContext): RoleConfiguration {
    return {
        files: [
            {
                path: "/etc/hosts",
                content: render("etc/hosts", {
                    machines: description.machines,
                    virtualAddress: description.virtualAddress,
                    siteName: description.site.hostName,
                }),
            },
        ],
    };
}
