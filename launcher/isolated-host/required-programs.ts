/**
 * Programs that `up` needs on this machine for virtual machines on a hypervisor of the user's. For an isolated lab,
 * host-packages.ts installs them.
 */
import { isInstalled } from "../../lib/programs";
import { UserError } from "../../lib/errors";

export const programsForVms = [
    {
        program: "xsltproc",
        what: "the libvirt provider adapts the network's XML with it",
        packages: "Debian: xsltproc, Red Hat: libxslt",
    },
    {
        program: "mkisofs",
        what: "cloud-init disks are made with it",
        packages: "Debian: genisoimage, Red Hat: xorriso",
    },
];

/** Throws a UserError that names the missing programs and their packages. To be called before anything is made. */
export function refuseWithoutPrograms(has: (program: string) => boolean = isInstalled): void {
    const missing = programsForVms.filter(({ program }) => !has(program));
    if (missing.length === 0) return;
    throw new UserError(
        `This machine lacks ${missing.map(({ program, what }) => `${program} (${what})`).join(" and ")}.`,
        `Install ${missing.length > 1 ? "them" : "it"}. ` +
            `${missing.map(({ program, packages }) => `${program} is in these packages: ${packages}.`).join(" ")}`,
    );
}
