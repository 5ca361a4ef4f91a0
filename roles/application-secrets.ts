/** What an application is told by its surroundings, secret values among it. */
import type * as pulumi from "@pulumi/pulumi";
import type { ApplicationSecrets } from "../config/schema";
import type { RoleContext } from "./role-definition";

const none: ApplicationSecrets = { environment: {}, properties: {}, users: {} };

/** Whether there is no secret value. */
export const hasNoSecrets = (secrets: ApplicationSecrets) =>
    Object.values(secrets).every((values) => Object.keys(values).length === 0);

/**
 * The text that `make` makes of the application's values, as a file's content. It is a secret only where the
 * application has secrets.
 */
export function withApplicationSecrets(
    { description, passwords }: Pick<RoleContext, "description" | "passwords">,
    make: (values: ApplicationSecrets) => string,
): string | pulumi.Output<string> {
    const { environment, properties } = description.site.application;
    const all = (secrets: ApplicationSecrets): ApplicationSecrets => ({
        environment: { ...environment, ...secrets.environment },
        properties: { ...properties, ...secrets.properties },
        users: secrets.users,
    });
    return passwords.application?.apply((secrets) => make(all(secrets))) ?? make(all(none));
}

/** A line of a .properties file (java.util.Properties). */
export const propertyLine = ([name, text]: [string, string]) =>
    `${name}=${text
        .replaceAll("\\", "\\\\")
        .replace(/^ /, "\\ ")
        .replace(/[^\u0020-\u007e]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`)}\n`;
