import { expect, test } from "vitest";
import { aptConfiguration, mavenPom } from "../../../artifacts/fetchers";

test("Maven's project copies each file, with its packaging, under its own name", () => {
    const pom = mavenPom(
        [
            { file: "tomcat-7.0.62.tar.gz", address: "org.apache.tomcat:tomcat:7.0.62:tar.gz" },
            { file: "asm-3.2.jar", address: "asm:asm:3.2" },
        ],
        "/staging",
    );
    expect(pom).toContain("<outputDirectory>/staging</outputDirectory>");
    expect(pom).toContain(
        "<groupId>org.apache.tomcat</groupId><artifactId>tomcat</artifactId><version>7.0.62</version>" +
            "<type>tar.gz</type><destFileName>tomcat-7.0.62.tar.gz</destFileName>",
    );
    expect(pom).toContain("<groupId>asm</groupId><artifactId>asm</artifactId><version>3.2</version><type>jar</type>");
});

test("apt keeps to lists and a cache of its own and runs none of the host's hooks", () => {
    expect(aptConfiguration("/staging/apt")).toMatchInlineSnapshot(`
      "Dir::Etc::SourceList "/staging/apt/trixie.sources";
      Dir::Etc::SourceParts "-";
      Dir::State::Lists "/staging/apt/lists";
      Dir::Cache "/staging/apt/cache";
      APT::Sandbox::User "root";
      #clear APT::Update::Post-Invoke;
      #clear APT::Update::Post-Invoke-Success;
      #clear DPkg::Post-Invoke;
      "
    `);
});
