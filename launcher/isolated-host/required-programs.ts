/** What `up` calls on this machine for virtual machines, beside pulumi: for a lab that brings all of its own, launcher/isolated-host/host-packages.ts installs it. */
import { isInstalled } from "../../lib/programs";
import { UserError } from "../../lib/errors";

export const programsForVms = [
    {
        program: "xsltproc",
        what: "the libvirt provider fits the network with it",
        packages: "Debian: xsltproc, Red Hat: libxslt",
    },
    {
        program: "mkisofs",
        what: "cloud-init disks are made with it",
        packages: "Debian: genisoimage, Red Hat: xorriso",
    },
];

/** A UserError that names what is missing and where it is to be had, before anything is made. */
export function refuseWithoutPrograms(has: (program: string) => boolean = isInstalled): void {
    const missing = programsForVms.filter(({ program }) => !has(program));
    if (missing.length === 0) return;
    throw new UserError(
        `This machine lacks ${missing.map(({ program, what }) => `${program} (${what})`).join(" and ")}.`,
        `Install ${missing.length > 1 ? "them" : "it"}. ${missing.map(({ program, packages }) => `${program} is in these packages: ${packages}.`).join(" ")}`,
    );
}
