import { jdkOf } from "../config/chosen-jdk";
import type { RoleConfiguration } from "./role-configuration";
import type { RoleContext } from "./role-definition";
import { render } from "./template";

/** JDK 8 (article, row 10). The distribution's JDK comes with the machine's other packages. */
export function javaConfiguration({
    description,
    artifacts,
}: Pick<RoleContext, "description" | "artifacts">): RoleConfiguration {
    const { home, rpm } = jdkOf(description);
    return {
        ...(rpm ? { artifacts: [artifacts[rpm]], prepare: installRpm(`"$artifacts/${artifacts[rpm].name}"`) } : {}),
        files: [{ path: "/etc/profile.d/java.sh", content: render("etc/profile.d/java.sh", { javaHome: home }) }],
        ready: { command: `${home}/bin/java -version 2>&1 | grep -q 'version "1\\.8\\.'`, seconds: 120 },
    };
}

/** The file tells its package and release. Another release of the package does not count as installed. */
const installRpm = (file: string) => [
    `rpm --query --quiet "$(rpm --query --package ${file})" || rpm --upgrade --replacepkgs ${file}`,
];
