/** Downloads files from each kind of source. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { debianMirror } from "../lib/apt-sources";
import { mavenEnvironment } from "../lib/proxies";
import { run } from "../lib/run";

/** A file to download: the name that it gets, and its address in the artifact catalog. */
export interface Wanted {
    file: string;
    address: string;
}

/**
 * Downloads all `wanted` files into the empty folder `folder`; `say` gets progress messages. Throws if it cannot.
 * Callers check the files' sums.
 */
export type Fetch = (wanted: Wanted[], folder: string, say: (line: string) => void) => Promise<void>;

/** A function for each kind of source in the catalog. */
export interface Fetchers {
    maven: Fetch;
    debianSource: Fetch;
    url: Fetch;
}

/** A POM that lists all files for Maven's dependency plugin, so that one run of Maven downloads them. */
export function mavenPom(wanted: Wanted[], folder: string): string {
    const items = wanted.map(({ file, address }) => {
        const [group, artifact, version, packaging = "jar", classifier] = address.split(":");
        return (
            `<artifactItem><groupId>${group}</groupId><artifactId>${artifact}</artifactId>` +
            `<version>${version}</version><type>${packaging}</type>` +
            (classifier === undefined ? "" : `<classifier>${classifier}</classifier>`) +
            `<destFileName>${file}</destFileName></artifactItem>`
        );
    });
    return `<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion><groupId>lab</groupId><artifactId>artifacts</artifactId><version>1</version>
<packaging>pom</packaging>
<build><plugins><plugin>
<groupId>org.apache.maven.plugins</groupId><artifactId>maven-dependency-plugin</artifactId><version>3.8.1</version>
<configuration><outputDirectory>${folder}</outputDirectory><artifactItems>
${items.join("\n")}
</artifactItems></configuration>
</plugin></plugins></build>
</project>
`;
}

/** Runs the installed Maven, with the user's settings (mirrors, proxies) and local repository. */
const fetchFromMaven: Fetch = async (wanted, folder, say) => {
    const pom = join(folder, "pom.xml");
    await writeFile(pom, mavenPom(wanted, folder));
    await run(["mvn", "--batch-mode", "--no-transfer-progress", "--file", pom, "dependency:copy"], {
        env: mavenEnvironment(),
        say,
    });
};

/**
 * A configuration of apt that downloads Debian 13's source packages without touching this machine's package lists:
 * lists and cache are in `folder`. Settings of this machine's apt, such as proxies, stay in effect.
 */
export function aptConfiguration(folder: string): string {
    return `Dir::Etc::SourceList "${folder}/trixie.sources";
Dir::Etc::SourceParts "-";
Dir::State::Lists "${folder}/lists";
Dir::Cache "${folder}/cache";
APT::Sandbox::User "root";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
`;
}

/**
 * Runs apt, which checks Debian's signature. Downloads only the upstream tarball, because some mirrors have no other
 * source files.
 */
const fetchFromDebian: Fetch = async (wanted, folder, say) => {
    const mirror = debianMirror();
    if (mirror === undefined) throw new Error("apt's sources on this machine name no Debian mirror");
    const apt = join(folder, "apt");
    await mkdir(join(apt, "lists", "partial"), { recursive: true });
    await mkdir(join(apt, "cache", "archives", "partial"), { recursive: true });
    await writeFile(join(apt, "apt.conf"), aptConfiguration(apt));
    await writeFile(
        join(apt, "trixie.sources"),
        `Types: deb-src
URIs: ${mirror}
Suites: trixie
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
`,
    );
    // apt reads this file after this machine's configuration, so that it takes precedence.
    const aptGet = ["apt-get", "--config-file", join(apt, "apt.conf")] as const;
    await run([...aptGet, "update", "--error-on=any"], { say });
    await run([...aptGet, "source", "--download-only", "--tar-only", ...wanted.map(({ address }) => address)], {
        cwd: folder,
        say,
    });
};

/** curl, and not Node's fetch: curl goes through the user's proxy and trusts the certificates of the system. */
export const curlWords = [
    "curl",
    "--fail",
    "--silent",
    "--show-error",
    "--location",
    "--globoff",
    "--proto",
    "=http,https",
    "--connect-timeout",
    "30",
] as const;

/** A download has no limit on its whole time. It fails after 30 s without data. */
const download = (url: string, path: string) =>
    run([...curlWords, "--speed-limit", "1", "--speed-time", "30", "--output", path, url], { name: url });

const fetchFromPublishers: Fetch = async (wanted, folder, say) => {
    const failures: string[] = [];
    for (const { file, address } of wanted) {
        say(address);
        await download(address, join(folder, file)).catch((error: unknown) => {
            failures.push((error as Error).message);
        });
    }
    if (failures.length > 0) throw new Error(failures.join("\n"));
};

export const fetchers: Fetchers = { maven: fetchFromMaven, debianSource: fetchFromDebian, url: fetchFromPublishers };
