import * as pulumi from "@pulumi/pulumi";
import type { Configuration } from "../config/configuration";
import { accessOf } from "../roles/access";

/** The stack's outputs: a few lines for people, and `access`, secret as a whole, for the launcher. */
export function outputsOf(configuration: Configuration) {
    const access = accessOf(configuration);
    return {
        url: access.url,
        machines: Object.fromEntries(
            access.machines.map(({ name, address, roles, services }) => [
                name,
                `${address}  ${roles.join(", ")}: ${services.map((unit) => unit.replace(/\.service$/, "")).join(", ")}`,
            ]),
        ),
        access: pulumi.secret(access),
    };
}
