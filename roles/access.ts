import { platforms } from "../catalog/platforms/index";
import type { Access } from "../config/access";
import type { Configuration } from "../config/configuration";
import { hostKeyOf } from "../lib/ssh-keys";
import { unitsOf } from "./of-machine";

/** The access to the lab that `configuration` describes. It holds the login key. */
export function accessOf({ description, secrets }: Configuration): Access {
    return {
        url: `http://${description.virtualAddress}/`,
        siteName: description.site.hostName,
        virtualAddress: description.virtualAddress,
        loginUser: platforms[description.platform].loginUser,
        loginKey: secrets.loginKey,
        directorSource: description.director.source,
        description,
        machines: description.machines.map((machine) => ({
            name: machine.name,
            address: machine.address,
            roles: machine.roles,
            services: unitsOf(machine, description),
            hostKey: hostKeyOf(secrets.hostKeySeed, machine.name).publicKey,
        })),
    };
}
