import { debianMirror, readAptSources } from "../../lib/apt-sources";
import { UserError } from "../../lib/errors";
import { run } from "../../lib/run";

/** Where the host gets Debian's packages, and how: asked from apt at run time, so that no mirror's name is written down anywhere. */
export interface Mirrors {
    /** Address of the archive (trixie, sid, ...), without a slash at its end. */
    main: string;
    /** Address of the security archive, likewise. */
    security: string;
    /** apt options for the host's own HTTP proxy; empty without one. */
    proxy: string[];
    /** apt options by which the host takes Release files past their date (a frozen mirror needs that): the guests need the same. */
    expiry: string[];
}

/** Told from apt's sources (`sources`, as readAptSources gives them) and its configuration (`settings`, as `apt-config dump` prints it). */
export function mirrorsFrom(sources: ReturnType<typeof readAptSources>, settings: string): Mirrors {
    const main = debianMirror(sources);
    if (!main) {
        throw new UserError(
            "apt's sources on this machine name no Debian mirror, and the lab's guests are Debian.",
            "Add one to /etc/apt/sources.list.d (on a machine that is not Debian, with a low pin priority).",
        );
    }
    const security = sources
        .filter((source) => source.types.includes("deb") && source.suites.some((suite) => suite.endsWith("-security")))
        .flatMap((source) => source.uris)[0]
        ?.replace(/\/+$/, "");
    const lines = settings.split("\n");
    return {
        main,
        security: security ?? main.replace(/\/debian$/, "/debian-security"),
        proxy: lines.filter((line) => /^Acquire::https?::Proxy /i.test(line)),
        expiry: lines.filter((line) => /^Acquire::Check-(Valid-Until|Date) /i.test(line)),
    };
}

export async function hostMirrors(): Promise<Mirrors> {
    return mirrorsFrom(readAptSources(), await run(["apt-config", "dump"]));
}
