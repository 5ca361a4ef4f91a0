/** Whether this machine has what `./lab` and pulumi need on it, wherever the lab's own machines are to be. */
import * as fs from "node:fs";
import * as path from "node:path";
import { missingArtifacts } from "../../../../artifacts/cache";
import { ensureDiskImage } from "../../../../artifacts/disk-image";
import { imageOf } from "../../../../config/chosen-image";
import { cacheFolder, isOffline, stackFolder } from "../../../../lib/environment";
import { UserError } from "../../../../lib/errors";
import { isInstalled } from "../../../../lib/programs";
import { silent } from "../../../../lib/progress";
import { neededArtifacts } from "../../../../roles/of-machine";
import { findEngine } from "../../../engine/index";
import { findOfficialCli } from "../../../engine/official";
import { missingNeeds } from "../../../isolated-host/host-packages";
import { programsForVms } from "../../../isolated-host/required-programs";
import { bad, good, oneLine, warning, type Check } from "../finding";
import type { Here } from "../place";

const account: Check<Here> = {
    name: "user",
    look: ({ file, isRoot }) =>
        Promise.resolve([
            isRoot || !file.isIsolated
                ? good("this user", isRoot ? "is root" : "need not be root for this stack")
                : bad(
                      "this user",
                      "is not root, and an isolated stack needs namespaces and a libvirtd of its own",
                      "Call ./lab as root, for example with sudo.",
                  ),
        ]),
};

/** What a stack with a hypervisor of its own wants here. */
const wanted = [
    ...programsForVms,
    {
        program: "ssh",
        what: "./lab ssh, status and verify go through it",
        packages: "Debian: openssh-client, Red Hat: openssh-clients",
    },
];

const programs: Check<Here> = {
    name: "programs",
    look: ({ file, description, isRoot }) => {
        if (!file.isIsolated) {
            return Promise.resolve(
                wanted.map(({ program, what, packages }) =>
                    isInstalled(program)
                        ? good(program, "is there")
                        : bad(program, `is missing: ${what}`, `Install it (${packages}).`),
                ),
            );
        }
        const missing = missingNeeds(description.machineKind);
        const names = [...new Set(missing.map((need) => need.package))].join(", ");
        if (missing.length === 0) return Promise.resolve([good("this machine", "has all that an isolated lab needs")]);
        return Promise.resolve([
            isInstalled("apt-get") && isRoot
                ? good("this machine", `./lab up installs ${names}, without starting a service`)
                : bad(
                      "this machine",
                      `lacks ${missing.map((need) => need.anyOf[0]).join(", ")}`,
                      `Install them; on Debian they are in the packages ${names}.`,
                  ),
        ]);
    },
};

/** The folder itself, or the nearest above it that is there. */
const existing = (folder: string): string => (fs.existsSync(folder) ? folder : existing(path.dirname(folder)));

/** README's "4 GiB of memory and 6 GiB of disk" of a lab on this machine alone. */
const isolated = { disk: 6 * 1024 ** 3, memory: 4 * 1024 ** 3 };

function lookAtFolder(variable: string, folder: string, { file }: Here) {
    const place = existing(folder);
    try {
        fs.accessSync(place, fs.constants.W_OK);
    } catch {
        return bad(folder, "this user cannot write there", `Name another place: ${variable}=FOLDER ./lab ...`);
    }
    const { bavail, bsize } = fs.statfsSync(place);
    const seen = `${((bavail * bsize) / 1024 ** 3).toFixed(1)} GiB free`;
    const needed = file.isIsolated ? isolated.disk : isolated.disk / 2;
    return bavail * bsize < needed
        ? warning(
              folder,
              seen,
              `Make room, ${needed / 1024 ** 3} GiB for a first ./lab up; or name another place: ${variable}=FOLDER ./lab ...`,
          )
        : good(folder, seen);
}

const folders: Check<Here> = {
    name: "folders",
    look: (here) =>
        Promise.resolve([
            lookAtFolder("LAB_CACHE", cacheFolder(), here),
            lookAtFolder("LAB_HOME", stackFolder(here.stack), here),
        ]),
};

/** Of a lab of containers, which share this machine's memory; virtual machines' is looked at where they run. */
const memory: Check<Here> = {
    name: "memory",
    look: ({ description, stack }) => {
        if (description.machineKind !== "container") return Promise.resolve([]);
        const meminfo = fs.readFileSync("/proc/meminfo", "utf8");
        const [total = 0, available = 0] = ["MemTotal", "MemAvailable"].map(
            (key) => Number(new RegExp(`^${key}: +(\\d+) kB`, "m").exec(meminfo)?.[1]) * 1024,
        );
        const seen = `${(available / 1024 ** 3).toFixed(1)} of ${(total / 1024 ** 3).toFixed(1)} GiB available`;
        const isUp = fs.existsSync(path.join(stackFolder(stack), "machines"));
        return Promise.resolve([
            isUp || available >= isolated.memory
                ? good("this machine", `${seen}${isUp ? "; the lab is up" : ""}`)
                : warning("this machine", seen, "Free some: a lab of six containers wants 4 GiB."),
        ]);
    },
};

const plugins: Check<Here> = {
    name: "plugins",
    look: async () => {
        const engine = await findEngine({ cache: cacheFolder() });
        if (engine) return engine.parts.map(({ name, version, origin }) => good(name, `${version}, ${origin}`));
        const official = await findOfficialCli(process.env);
        if (official)
            return [good("pulumi", `${official.version}, official; its plugins come with the first ./lab up`)];
        const remedy = "Install Go 1.24.7 or newer, or the official pulumi (3.200 or newer).";
        if (!isInstalled("go")) return [bad("pulumi", "is not there, and nothing to build it with", remedy)];
        return isOffline()
            ? [
                  bad(
                      "pulumi",
                      "is not there, and LAB_OFFLINE keeps it from being built",
                      "Call ./lab engine without LAB_OFFLINE once.",
                  ),
              ]
            : [good("pulumi", "./lab up builds it with its plugins, some minutes once (./lab engine does just that)")];
    },
};

const toolOf: Record<string, { program: string; remedy: string }> = {
    Maven: { program: "mvn", remedy: "Install Maven (Debian: maven)." },
    Debian: { program: "apt-get", remedy: "Lay it there from another machine: apt-get source is Debian's." },
};

const artifacts: Check<Here> = {
    name: "artifacts",
    look: async ({ description }) => {
        const names = neededArtifacts(description);
        const missing = await missingArtifacts(names, cacheFolder());
        const looks = await Promise.all(
            missing.map(async ({ file, origin, fromRegistry, place, fault }) => {
                const tool = toolOf[/^\w+/.exec(origin)?.[0] ?? ""];
                const problem = isOffline()
                    ? "LAB_OFFLINE keeps it from being fetched"
                    : fromRegistry
                      ? tool && !isInstalled(tool.program)
                          ? `${tool.program} is missing`
                          : undefined
                      : await unreachable(origin);
                const seen = `${fault ?? "not in the cache"}; comes from ${origin}`;
                if (problem === undefined) return good(file, `${seen}: ./lab up fetches it`);
                return bad(
                    file,
                    `${seen}: ${problem}`,
                    `${tool && !isOffline() ? `${tool.remedy} Or lay` : "Lay"} the file there by hand: ${place}`,
                );
            }),
        );
        return [
            ...(missing.length < names.length
                ? [
                      good(
                          "cache",
                          `${names.length - missing.length} of ${names.length} files are there, with their sums`,
                      ),
                  ]
                : []),
            ...looks,
        ];
    },
};

/** The disk image that virtual machines start from, where it is not built here. libvirt's provider reads it here, also for a hypervisor elsewhere. */
const image: Check<Here> = {
    name: "image",
    look: async ({ description }) => {
        const source = description.machineKind === "vm" ? imageOf(description)?.source : undefined;
        if (source === undefined) return [];
        try {
            const there = await ensureDiskImage(description, { cache: cacheFolder(), offline: true, progress: silent });
            return [good(source, `is there: ${(fs.statSync(there?.path ?? "").size / 1024 ** 2).toFixed(0)} MiB`)];
        } catch (error) {
            const problem = source.startsWith("/") || isOffline() ? oneLine(error) : await unreachable(source);
            return [
                problem === undefined
                    ? good(source, "./lab up fetches it")
                    : bad(
                          source,
                          problem,
                          error instanceof UserError ? error.remedy : "Name another: lab:image.source.",
                      ),
            ];
        }
    },
};

/** Why an address cannot be had, without getting what is there; undefined where it can. */
async function unreachable(url: string): Promise<string | undefined> {
    try {
        const { ok, status } = await fetch(url, { method: "HEAD", signal: AbortSignal.timeout(10_000) });
        return ok ? undefined : `answers ${status}`;
    } catch (error) {
        const cause = error instanceof Error ? (error.cause ?? error) : error;
        return cause instanceof Error ? cause.message : String(cause);
    }
}

export const hereChecks = [account, programs, folders, memory, plugins, artifacts, image];
