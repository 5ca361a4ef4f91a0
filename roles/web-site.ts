import * as fs from "node:fs";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { RoleArgs } from "../components/role";
import type { RoleConfiguration } from "./role-configuration";

/** The JSP application, the same files on every app server (seed row 15). Tomcat notices a changed page by itself. */
export class WebSite extends pulumi.ComponentResource {
    readonly ready: pulumi.Resource;

    constructor(name: string, args: RoleArgs, opts: pulumi.ComponentResourceOptions) {
        super("lab:WebSite", name, {}, opts);
        this.ready = args.host.configure("site", webSiteConfiguration(), { parent: this });
        this.registerOutputs();
    }
}

export const appBase = "/tomcat/app";
export const docBase = `${appBase}/mysite`;

const folder = path.join(__dirname, "..", "site", "mysite");

export function webSiteConfiguration(): RoleConfiguration {
    const names = fs
        .readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));
    return {
        files: names
            .sort()
            .map((name) => ({ path: `${docBase}/${name}`, content: fs.readFileSync(path.join(folder, name), "utf8") })),
    };
}
