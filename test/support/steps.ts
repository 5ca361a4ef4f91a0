/**
 * What each role is on a machine, as plain text: what Host would upload, and what would come through the script's
 * standard input.
 */
import * as pulumi from "@pulumi/pulumi";
import { applicationFile } from "../../artifacts/application";
import { pagesFolder } from "../../artifacts/application-folder";
import type { Artifacts } from "../../artifacts/local-artifacts";
import { valveFile } from "../../artifacts/tomcat-valve";
import { artifactCatalog } from "../../catalog/artifacts";
import type { LabDescription, MachineDescription } from "../../config/description";
import type { ApplicationSecrets } from "../../config/schema";
import { outputValue } from "../../lib/output-value";
import { applyScript, secretTexts } from "../../roles/apply";
import { hasNoSecrets } from "../../roles/application-secrets";
import { contextOf, stepConfigurations } from "../../roles/of-machine";
import type { RoleConfiguration } from "../../roles/role-configuration";
import type { RoleContext } from "../../roles/role-definition";
import { secrets } from "./article";

export interface RenderedFile {
    path: string;
    text: string;
    isSecret: boolean;
    mode?: string;
    owner?: string;
}

export interface RenderedRole {
    configuration: RoleConfiguration;
    files: RenderedFile[];
    /** Texts that come through standard input, by their names there. */
    secrets: Record<string, string>;
    script: string;
}

/** An artifact is known by its file's name; where it lies does not matter. */
const artifacts = Object.fromEntries(
    [...Object.entries(artifactCatalog), ["tomcat-valve", { file: valveFile }] as const].map(([name, { file }]) => [
        name,
        { name: file, source: "", sha256: "" },
    ]),
) as Artifacts;

/** What the steps of a machine are configured from, with the test's secrets. */
export const contextOn = (
    description: LabDescription,
    machine: MachineDescription,
    own: ApplicationSecrets = { environment: {}, properties: {}, users: {} },
): RoleContext =>
    contextOf(machine, {
        description,
        artifacts:
            pagesFolder(description) === undefined
                ? { ...artifacts, application: { name: applicationFile, source: "", sha256: "5a".repeat(32) } }
                : artifacts,
        passwords: {
            database: pulumi.secret(secrets.databasePassword),
            vrrp: pulumi.secret(secrets.vrrpPassword),
            application: hasNoSecrets(own) ? undefined : pulumi.secret(own),
        },
        siteTimes: pulumi.output("1700000000 0123456789abcdef style.css"),
    });

/** Every step of a machine, by its name. */
export async function rolesOf(
    description: LabDescription,
    machineName: string,
    own?: ApplicationSecrets,
): Promise<Record<string, RenderedRole>> {
    const machine = description.machines.find(({ name }) => name === machineName);
    if (!machine) throw new Error(`no machine ${machineName}`);
    const all = stepConfigurations(contextOn(description, machine, own));
    return Object.fromEntries(
        await Promise.all(
            Object.entries(all).map(
                async ([role, configuration]) => [role, await rendered(role, configuration)] as const,
            ),
        ),
    );
}

async function rendered(role: string, configuration: RoleConfiguration): Promise<RenderedRole> {
    const files = await Promise.all(
        (configuration.files ?? []).map(async ({ content, ...file }): Promise<RenderedFile> => ({
            ...file,
            text:
                typeof content === "string" || Buffer.isBuffer(content) ? String(content) : await outputValue(content),
            isSecret: typeof content !== "string" && !Buffer.isBuffer(content),
        })),
    );
    const texts = await Promise.all(
        secretTexts(configuration).map(async ([name, content]) => [name, await outputValue(content)] as const),
    );
    return { configuration, files, secrets: Object.fromEntries(texts), script: applyScript(role, configuration) };
}

/** The text of one file of a machine, whichever role it belongs to. */
export async function fileOf(description: LabDescription, machineName: string, path: string): Promise<RenderedFile> {
    const found = Object.values(await rolesOf(description, machineName))
        .flatMap(({ files }) => files)
        .find((file) => file.path === path);
    if (!found) throw new Error(`${machineName} has no ${path}`);
    return found;
}
