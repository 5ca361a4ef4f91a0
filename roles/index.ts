import type * as pulumi from "@pulumi/pulumi";
import type { Artifacts } from "../artifacts/needed";
import { baseConfiguration } from "./base";
import { databaseConfiguration, retiredAccountsConfiguration } from "./database";
import { firewallConfiguration } from "./firewall";
import { httpdConfiguration } from "./httpd";
import { javaConfiguration } from "./java";
import { keepalivedConfiguration } from "./keepalived";
import { memcachedConfiguration } from "./memcached";
import type { RoleContext } from "../components/role";
import type { RoleConfiguration } from "./role-configuration";
import { tengineConfiguration } from "./tengine";
import { tomcatConfiguration } from "./tomcat";
import { webSiteConfiguration } from "./web-site";
import type { Role } from "../config/schema";

interface Ingredients {
    artifacts: Artifacts;
    databasePassword: pulumi.Output<string>;
    vrrpPassword: pulumi.Output<string>;
    /** Of the compiled server. */
    buildKey: string;
}

const configurations: Record<
    Role | "every",
    (context: RoleContext, ingredients: Ingredients) => Record<string, RoleConfiguration>
> = {
    every: (context) => ({ base: baseConfiguration(context), firewall: firewallConfiguration(context) }),
    app: (context, { artifacts, databasePassword }) => ({
        java: javaConfiguration({ ...context, artifacts }),
        site: webSiteConfiguration(),
        tomcat: tomcatConfiguration({ ...context, artifacts, password: databasePassword }),
        httpd: httpdConfiguration(context),
    }),
    memcached: (context) => ({ memcached: memcachedConfiguration(context) }),
    director: (context, { vrrpPassword, buildKey }) => ({
        tengine: tengineConfiguration(context, buildKey),
        keepalived: keepalivedConfiguration({ ...context, password: vrrpPassword }),
    }),
    database: (context, { databasePassword }) => ({
        database: databaseConfiguration({ ...context, password: databasePassword }),
        "retired-accounts": retiredAccountsConfiguration({ ...context, password: databasePassword }),
    }),
};

/** All that a machine is brought to, as data, by the names that roles have on machines; the Lab component puts the same into its order. */
export const roleConfigurations = (context: RoleContext, ingredients: Ingredients): Record<string, RoleConfiguration> =>
    Object.assign(
        {},
        ...(["every", ...context.machine.roles] as const).map((role) => configurations[role](context, ingredients)),
    ) as Record<string, RoleConfiguration>;

/** The value of an Output of which everything is known. */
export const plain = <T>(output: pulumi.Output<T>) =>
    new Promise<T>((resolve) => {
        output.apply(resolve);
    });
