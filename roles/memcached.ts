import * as pulumi from "@pulumi/pulumi";
import { memcachedPort } from "../config/description";
import { hardened } from "./hardening";
import type { RoleArgs, RoleContext } from "../components/role";
import type { RoleConfiguration } from "./role-configuration";
import { render } from "./template";

/** memcached, which keeps the copies of Tomcat's sessions (seed row 9). */
export class Memcached extends pulumi.ComponentResource {
    constructor(name: string, args: RoleArgs, opts: pulumi.ComponentResourceOptions) {
        super("lab:Memcached", name, {}, opts);
        args.host.configure("memcached", memcachedConfiguration(args), { parent: this });
        this.registerOutputs();
    }
}

export function memcachedConfiguration({ description, machine, platform }: RoleContext): RoleConfiguration {
    const { unit, user, program } = platform.memcached;
    return {
        files: [
            {
                path: `/etc/systemd/system/${unit}.d/lab.conf`,
                content: render("etc/systemd/system/memcached.service.d/lab.conf", {
                    program,
                    user,
                    address: machine.address,
                    port: memcachedPort,
                    memoryMiB: description.sessions.memcachedMiB,
                }),
            },
            hardened(unit, platform, { capabilities: ["SETGID", "SETUID", "SYS_RESOURCE"] }),
        ],
        service: { unit },
        ready: {
            command: `printf 'version\\r\\nquit\\r\\n' | curl -sS --max-time 2 telnet://${machine.address}:${memcachedPort} | grep -q ^VERSION`,
            seconds: 120,
        },
    };
}
