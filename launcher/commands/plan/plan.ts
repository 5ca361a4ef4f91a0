/**
 * The plan of a stack, made without a hypervisor, an engine or a download: the Pulumi program runs with Pulumi's mocks.
 */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { applicationFile } from "../../../artifacts/application";
import { pagesFolder } from "../../../artifacts/application-folder";
import { valveDigest, valveFile } from "../../../artifacts/tomcat-valve";
import { artifactCatalog } from "../../../catalog/artifacts";
import { neededArtifacts } from "../../../roles/of-machine";
import type { Artifacts, LocalArtifact } from "../../../artifacts/local-artifacts";
import type { Virtualization } from "../../../components/hypervisor";
import { Lab } from "../../../components/lab";
import type { Build } from "../../../roles/build";
import { hostKeyOf } from "../../../lib/ssh-keys";
import type { MachineDescription, LabDescription } from "../../../config/description";
import { parseResourceName, stepKind } from "../../../config/resource-names";
import { imageOf } from "../../../config/chosen-image";
import { stepFolder } from "../../../roles/apply";

interface Planned {
    type: string;
    name: string;
    inputs: Record<string, unknown>;
}

/** Valid secrets for the program. No plan shows a secret. */
const dummySecrets = {
    applicationSecrets: { environment: {}, properties: {}, users: {} },
    databasePassword: "stand-in",
    vrrpPassword: "stand-in",
    loginKey: hostKeyOf("00".repeat(32), "login").privateKey,
    hostKeySeed: "00".repeat(32),
};

/** The plan of a described lab as text. With `commands`, it has every command and script in full. */
export async function plan(description: LabDescription, { commands }: { commands: boolean }): Promise<string> {
    return inTemporaryFolder(async (folder) => {
        const resources = await recordResources(description, folder);
        const show = commands ? showOnce() : () => [];
        return [
            ...heading(description),
            ...description.machines.flatMap((machine) => [
                "",
                ...machinePlan(machine, description, resources, { folder, show }),
            ]),
            "",
        ].join("\n");
    });
}

/** The number of resources, components included, that the program makes for a described lab. */
export async function countResources(description: LabDescription): Promise<number> {
    return inTemporaryFolder(async (folder) => (await recordResources(description, folder)).length);
}

/** Gives `work` a temporary folder. */
async function inTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "lab-plan-"));
    try {
        return await work(folder);
    } finally {
        fs.rmSync(folder, { recursive: true, force: true });
    }
}

/** The resources of the program. It stages its files in `folder`. */
async function recordResources(description: LabDescription, folder: string): Promise<Planned[]> {
    const resources: Planned[] = [];
    await pulumi.runtime.setMocks(
        {
            newResource: ({ type, name, inputs }) => {
                resources.push({ type, name, inputs: inputs as Record<string, unknown> });
                return { id: name, state: inputs as Record<string, unknown> };
            },
            call: ({ inputs }) => inputs as Record<string, unknown>,
        },
        "lab",
        "plan",
        true,
    );
    const virtualization: Virtualization | undefined =
        description.machineKind === "vm"
            ? { image: { path: "image", identity: "image" }, acceleration: "kvm" }
            : undefined;
    new Lab("lab", {
        description,
        secrets: dummySecrets,
        artifacts: placeholders(description, folder),
        stage: folder,
        facts: Object.fromEntries(description.hypervisors.map(({ uri }) => [uri, { virtualization }])),
    });
    await pulumi.runtime.disconnect();
    return resources;
}

/** Empty files instead of artifacts. A plan needs only their names and sums, and must not download anything. */
function placeholders(description: LabDescription, folder: string): Artifacts {
    const placeholder = (name: string, sha256 = "not published"): LocalArtifact => {
        const source = path.join(folder, name);
        fs.writeFileSync(source, "");
        return { name, source, sha256 };
    };
    const downloads = neededArtifacts(description).map((name): [string, LocalArtifact] => [
        name,
        placeholder(artifactCatalog[name].file, artifactCatalog[name].sha256),
    ]);
    const valve = placeholder(valveFile, valveDigest(description.release));
    const application: [string, LocalArtifact][] =
        pagesFolder(description) === undefined ? [["application", placeholder(applicationFile)]] : [];
    return Object.fromEntries([...downloads, ["tomcat-valve", valve], ...application]) as Artifacts;
}

function heading(description: LabDescription): string[] {
    const { network, virtualAddress, hypervisors, machineKind, platform, release, director } = description;
    const image = imageOf(description);
    return [
        `${description.machines.length} machines (${machineKind}) with ${platform}, made by ` +
            `${hypervisors.map(({ name, uri }) => (name === undefined ? uri : `${name} (${uri})`)).join(", ")}`,
        `network ${network.mode === "bridge" ? `behind the bridge ${network.bridge}` : network.name} ` +
            `${network.cidr}, gateway ${network.gateway}; virtual address ${virtualAddress}`,
        ...(machineKind === "vm"
            ? [image ? `image ${image.source}, sha256 ${image.sha256 ?? "not given"}` : "image built of packages"]
            : []),
        `release ${release}, directors ${director.source}; artifacts:`,
        ...neededArtifacts(description).map(
            (name) => `    ${artifactCatalog[name].file}  ${artifactCatalog[name].sha256 ?? "no published sha256"}`,
        ),
    ];
}

const packagesPattern = /^for package in (.*); do$/m;

function machinePlan(
    machine: MachineDescription,
    description: LabDescription,
    resources: Planned[],
    { folder, show }: { folder: string; show: Show },
): string[] {
    const names = description.machines.map(({ name }) => name);
    const steps = resources.flatMap((resource) => {
        const parsed = parseResourceName(resource.name, names);
        return parsed?.machine === machine.name ? [{ ...resource, step: parsed.step }] : [];
    });
    const stepsOfType = (type: string) => steps.filter((resource) => resource.type === type);
    const size =
        description.machineKind === "vm"
            ? `${machine.memoryMiB} MiB, ${machine.vcpus} CPUs, ${machine.diskGiB} GiB`
            : `${machine.memoryMiB} MiB, ${machine.vcpus} CPUs`;
    return [
        `${machine.name}  ${machine.address}  ${machine.mac}  ${machine.roles.join(", ")}  ` +
            `(${size})${machine.hypervisor === undefined ? "" : `  on ${machine.hypervisor}`}`,
        ...stepsOfType("command:remote:Command").flatMap(({ step, inputs }) => {
            const create = String(inputs.create);
            const packages = packagesPattern.exec(create)?.[1];
            const [, digests = {}] = inputs.triggers as [unknown, Record<string, string>?];
            return [
                `  ${step}${packages ? `: ${packages}` : ""}`,
                ...Object.entries(digests).map(
                    ([file, sha256]) =>
                        `    ${file === "apply" ? "(script)" : file.replace(/^files/, "")}  ${sha256.slice(0, 12)}`,
                ),
                ...show(script(create, machine, step, folder), `${machine.name} ${step}`),
            ];
        }),
        ...stepsOfType("command:local:Command")
            .filter(({ step }) => stepKind(step) === "build")
            .flatMap(({ step, inputs }) => {
                const { build: file } = JSON.parse(unwrapped(inputs.stdin)) as { build: string };
                const build = JSON.parse(fs.readFileSync(file, "utf8")) as Build;
                return [
                    `  ${step}: ${build.redoFor ?? build.key}`,
                    ...show(`${build.prepare}\n# As an ordinary user:\n${build.script}`, `${machine.name} ${step}`),
                ];
            }),
    ];
}

/** The lines of a script. If the same script was shown before, a reference to that place. */
type Show = (text: string, where: string) => string[];

function showOnce(): Show {
    const shown = new Map<string, string>();
    return (text, where) => {
        const earlier = shown.get(text);
        shown.set(text, earlier ?? where);
        return earlier ? [`      | as ${earlier}`] : indented(text);
    };
}

/** What a step runs: the command itself, or the script that the command starts. */
function script(create: string, machine: MachineDescription, step: string, folder: string): string {
    const staged = path.join(folder, "plan", machine.name, "roles", step, "apply");
    return create.includes(`${stepFolder(step)}/apply`) && fs.existsSync(staged)
        ? fs.readFileSync(staged, "utf8")
        : create;
}

/** The text of a value that may be a Pulumi secret, as standard input is. */
const unwrapped = (value: unknown) =>
    String(pulumi.runtime.isRpcSecret(value) ? pulumi.runtime.unwrapRpcSecret(value) : value);

const indented = (text: string) =>
    text
        .trimEnd()
        .split("\n")
        .map((line) => `      | ${line}`.trimEnd());
