import * as pulumi from "@pulumi/pulumi";
import type { Artifacts } from "../artifacts/needed";
import { jdkOf } from "../config/chosen-jdk";
import type { RoleArgs, RoleContext } from "../components/role";
import type { RoleConfiguration } from "./role-configuration";
import { render } from "./template";

export interface JavaArgs extends RoleArgs {
    artifacts: Artifacts;
}

/** JDK 8 (seed row 10); the distribution's comes with the machine's other packages. */
export class Java extends pulumi.ComponentResource {
    readonly ready: pulumi.Resource;

    constructor(name: string, args: JavaArgs, opts: pulumi.ComponentResourceOptions) {
        super("lab:Java", name, {}, opts);
        this.ready = args.host.configure("java", javaConfiguration(args), { parent: this });
        this.registerOutputs();
    }
}

export function javaConfiguration({
    description,
    artifacts,
}: Pick<RoleContext, "description"> & Pick<JavaArgs, "artifacts">): RoleConfiguration {
    const { home, rpm } = jdkOf(description);
    return {
        ...(rpm ? { artifacts: [artifacts[rpm]], prepare: installRpm(`"$artifacts/${artifacts[rpm].name}"`) } : {}),
        files: [{ path: "/etc/profile.d/java.sh", content: render("etc/profile.d/java.sh", { javaHome: home }) }],
        ready: { command: `${home}/bin/java -version 2>&1 | grep -q 'version "1\\.8\\.'`, seconds: 120 },
    };
}

/** The file itself says which package it is: whether that one is there, another release of it is not. */
const installRpm = (file: string) => [
    `rpm --query --quiet "$(rpm --query --package ${file})" || rpm --upgrade --replacepkgs ${file}`,
];
