/**
 * Our addition to the session manager against the jars of the release that no other test here runs; the drills show what it does. With the
 * article's jars every `./lab up` compiles it, on JDK 8: its compiler (ECJ 4.4) knows no newer one, such as this machine's.
 */
import {
    appendFileSync,
    copyFileSync,
    cpSync,
    existsSync,
    mkdirSync,
    mkdtempSync,
    readFileSync,
    rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ensureArtifacts } from "../../artifacts/cache";
import { artifactCatalog } from "../../catalog/artifacts";
import { releases } from "../../catalog/releases";
import { compileSessionCopies, sessionCopies } from "../../roles/tomcat";
import { silent } from "../../lib/progress";
import { cacheFolder, checkout } from "../../lib/environment";
import { run } from "../../lib/run";

const source = join(checkout, "files", sessionCopies);
let folder: string;
beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "lab-test-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A Tomcat with the session manager's jars, as the role unpacks it. */
async function unpacked(): Promise<string> {
    const {
        tomcat,
        libraries,
        sessionClients: [client],
    } = releases.maintained;
    const paths = await ensureArtifacts([tomcat.artifact, ...libraries, client], {
        cache: cacheFolder(),
        progress: silent,
    });
    const home = join(folder, "tomcat");
    mkdirSync(home);
    await run(["tar", "-xzf", paths[tomcat.artifact], "-C", home, "--strip-components=1"]);
    for (const name of [...libraries, client]) copyFileSync(paths[name], join(home, "lib", artifactCatalog[name].file));
    return home;
}

test("compiles against release maintained, and leaves what is there where it does not", async () => {
    const home = await unpacked();
    const compiled = join(home, "lib", "de", "javakaffee", "web", "msm", "SessionCopiesValve.class");
    await run(["sh", "-c", compileSessionCopies("java", home, source)]);
    const good = readFileSync(compiled);
    const broken = join(folder, "src");
    cpSync(source, broken, { recursive: true });
    appendFileSync(join(broken, "de", "javakaffee", "web", "msm", "SessionCopiesValve.java"), "}");
    await expect(run(["sh", "-c", compileSessionCopies("java", home, broken)])).rejects.toThrow(
        "SessionCopiesValve.java",
    );
    expect(readFileSync(compiled)).toEqual(good);
    await run(["sh", "-c", compileSessionCopies("java", home, source)]);
    expect(existsSync(join(home, "lib", ".new"))).toBe(false);
});
