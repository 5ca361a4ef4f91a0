import { debianMirror, readAptSources } from "../../lib/apt-sources";
import { UserError } from "../../lib/errors";
import { run } from "../../lib/run";

/** Where and how this machine gets Debian's packages. apt says so at run time: the repository names no mirror. */
export interface Mirrors {
    /** Address of the archive (suites trixie, sid, ...), without a slash at its end. */
    main: string;
    /** Address of the security archive, without a slash at its end. */
    security: string;
    /** apt options for this machine's HTTP proxy; empty without one. */
    proxy: string[];
    /**
     * apt options that accept Release files past their date. A frozen mirror needs them, and guests use the same
     * mirror.
     */
    expiry: string[];
}

/**
 * The mirrors of `sources` (from readAptSources) and `settings` (the output of `apt-config dump`). A UserError where
 * there is no mirror.
 */
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
