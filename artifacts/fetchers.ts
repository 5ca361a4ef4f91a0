/** How the files of each kind of source come onto this machine. */
import { createWriteStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { debianMirror } from "../lib/apt-sources";
import { run } from "../lib/run";

/** What a fetcher is asked for: `file` is to lie in the folder afterwards; `address` is what the catalog says of its source. */
export interface Wanted {
    file: string;
    address: string;
}

/**
 * Puts all `wanted` files into the empty folder `folder` and tells what happens through `say`; throws where it cannot. Whether the
 * files are the right ones is its caller's to check.
 */
export type Fetch = (wanted: Wanted[], folder: string, say: (line: string) => void) => Promise<void>;

/** One for each kind of source in the catalog. */
export interface Fetchers {
    maven: Fetch;
    debianSource: Fetch;
    url: Fetch;
}

/** A POM whose only use is to name what the dependency plugin copies: one run of Maven for all. */
export function mavenPom(wanted: Wanted[], folder: string): string {
    const items = wanted.map(({ file, address }) => {
        const [group, artifact, version, packaging = "jar"] = address.split(":");
        return (
            `<artifactItem><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version>` +
            `<type>${packaging}</type><destFileName>${file}</destFileName></artifactItem>`
        );
    });
    return `<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion><groupId>lab</groupId><artifactId>artifacts</artifactId><version>1</version><packaging>pom</packaging>
<build><plugins><plugin>
<groupId>org.apache.maven.plugins</groupId><artifactId>maven-dependency-plugin</artifactId><version>3.8.1</version>
<configuration><outputDirectory>${folder}</outputDirectory><artifactItems>
${items.join("\n")}
</artifactItems></configuration>
</plugin></plugins></build>
</project>
`;
}

/** Through the user's own Maven, with the user's settings (mirrors, proxies) and local repository. */
const fetchFromMaven: Fetch = async (wanted, folder, say) => {
    const pom = join(folder, "pom.xml");
    await writeFile(pom, mavenPom(wanted, folder));
    await run(["mvn", "--batch-mode", "--no-transfer-progress", "--file", pom, "dependency:copy"], { say });
};

/**
 * apt's configuration for a run that has nothing to do with the host's packages: Debian 13's source packages from the host's mirror,
 * with lists and cache of its own in `folder`. It keeps whatever the host's own configuration says about proxies and the like.
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

/** Through apt, which checks Debian's signature and the sums that it signs. Only the upstream tarball: not every mirror has the rest. */
const fetchFromDebian: Fetch = async (wanted, folder, say) => {
    const mirror = debianMirror();
    if (mirror === undefined) throw new Error("apt's sources on this machine name no mirror of Debian");
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
    const aptGet = ["apt-get", "--config-file", join(apt, "apt.conf")] as const; // read after the host's own, so that it wins
    await run([...aptGet, "update", "--error-on=any"], { say });
    await run([...aptGet, "source", "--download-only", "--tar-only", ...wanted.map(({ address }) => address)], {
        cwd: folder,
        say,
    });
};

/** How long a server may say nothing, in ms: a file that keeps coming may take its time. */
const longestSilence = 30_000;

async function download(url: string, path: string): Promise<void> {
    const silence = new AbortController();
    const timer = setTimeout(() => {
        silence.abort(new Error(`nothing came for ${longestSilence / 1000} s`));
    }, longestSilence);
    try {
        const response = await fetch(url, { signal: silence.signal });
        if (!response.ok || !response.body)
            throw new Error(`answered ${response.status.toString()} ${response.statusText}`);
        await pipeline(
            Readable.fromWeb(response.body),
            async function* (chunks: AsyncIterable<Buffer>) {
                for await (const chunk of chunks) {
                    timer.refresh();
                    yield chunk;
                }
            },
            createWriteStream(path),
        );
    } catch (error) {
        // fetch hides what happened, a name that is not resolved say, in its error's cause
        const cause = error instanceof Error ? (error.cause ?? error) : error;
        throw new Error(`${url}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause: error });
    } finally {
        clearTimeout(timer);
    }
}

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
