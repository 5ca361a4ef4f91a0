/** The application's pages as classes, so that a new app server need not compile them. */
import * as crypto from "node:crypto";
import { releases } from "../catalog/releases";
import { jdkOf } from "../config/chosen-jdk";
import { quote } from "../lib/shell";
import { stepsFolder } from "./apply";
import type { Build } from "./build";
import type { RoleContext } from "./role-definition";
import { render } from "./template";
import { dateByContent, siteFiles, workFolderOf } from "./web-site";

type Context = Pick<RoleContext, "description" | "platform" | "artifacts">;

const tomcatOf = ({ description, artifacts }: Pick<Context, "description" | "artifacts">) =>
    artifacts[releases[description.release].tomcat.artifact];

/** Folder on an app server with the classes. Another Tomcat may not load them, so its digest is in the name. */
export const compiledPages = (context: Pick<Context, "description" | "artifacts">) =>
    `${stepsFolder}/pages/${tomcatOf(context).sha256.slice(0, 16)}`;

/**
 * How the pages are compiled: by the same Tomcat, which compiles the pages that web.xml loads at its start. Undefined
 * for a JDK that is not there yet, because a step of its own installs it.
 *
 * Tomcat compares the times of pages with those in the classes, and compiles what differs. So a class that does not
 * fit costs time and nothing else.
 */
export function pagesBuild(context: Context): Build | undefined {
    const { description, platform } = context;
    const jdk = jdkOf(description);
    // An application with classes may connect to anything when it starts. Its pages are compiled by the Tomcat that
    // serves them, at their first request.
    if (jdk.rpm || context.artifacts.application) return undefined;
    const tomcat = tomcatOf(context);
    const files = siteFiles(description);
    const script = compileScript({
        tomcat: tomcat.name,
        java: `${jdk.home}/bin/java`,
        jasperListener: releases[description.release].tomcat.hasJasperListener,
        files,
        workFolder: workFolderOf(context),
        folder: compiledPages(context),
    });
    const inputs = JSON.stringify([platform.name, jdk, tomcat.sha256, files.map(({ digest }) => digest), script]);
    return {
        key: crypto.createHash("sha256").update(inputs).digest("hex").slice(0, 16),
        sources: [tomcat, ...files.map(({ source }, index) => ({ name: `page-${index}`, source }))],
        prepare: "",
        script,
        isOptional: true,
        // A running Tomcat compiles changed pages itself, which is faster than to start another one for them.
        redoFor: tomcat.sha256.slice(0, 16),
    };
}

interface Compiler {
    /** The file with Tomcat. */
    tomcat: string;
    java: string;
    jasperListener: boolean;
    files: ReturnType<typeof siteFiles>;
    workFolder: string;
    folder: string;
}

const compileScript = ({ tomcat, java, jasperListener, files, workFolder, folder }: Compiler) => `set -eu
mkdir tomcat
tar -xzf ${tomcat} --strip-components=1 -C tomcat
chmod -R u+rwX tomcat
${dateByContent}
place() { mkdir -p "site/$(dirname "$2")"; mv "$1" "site/$2"; date_by_content "site/$2"; }
${files.map(({ name }, index) => `place page-${index} ${quote(name)}`).join("\n")}
cat > tomcat/conf/server.xml <<END
${render("usr/local/tomcat/conf/compile-pages.xml", { jasperListener, workFolder }).trimEnd()}
END
${java} -Xmx128m -XX:TieredStopAtLevel=1 -Djava.awt.headless=true -Djava.io.tmpdir=tomcat/temp \\
    -Dcatalina.home="$PWD/tomcat" -cp tomcat/bin/bootstrap.jar:tomcat/bin/tomcat-juli.jar \\
    org.apache.catalina.startup.Bootstrap start > log 2>&1 &
tomcat=$!
trap 'kill $tomcat 2>/dev/null || true' EXIT
until grep -q 'Server startup in' log; do
    kill -0 $tomcat 2>/dev/null || { cat log >&2; exit 1; }
    sleep 0.1
done
mkdir -p result${folder}
# Tomcat compiles a page where the class is missing. The Java text beside it would never be read.
(cd tomcat/${workFolder} && find . -name '*.class' -exec cp --parents -p -t "$OLDPWD/result${folder}" {} +)
tar -czf result.tar.gz -C result .
`;
