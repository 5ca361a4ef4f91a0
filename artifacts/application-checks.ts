/** What is wrong with an application before any machine has it. */
import type { Release } from "../catalog/releases";
import { readZip, ZipError } from "../lib/zip";

/** A file of the application: its name, with slashes, and its content. */
export interface Content {
    name: string;
    read: () => Buffer;
}

/** Class files begin with a magic number, then the minor and the major version (JVM specification, 4.1). */
const classMagic = 0xcafebabe;
/** 52 is Java 8. */
const majorOf = (java: number) => java + 44;

/** Everything that is wrong, as sentences without a full stop. Empty for an application that fits. */
export function applicationFaults(files: Content[], { java, release }: { java: number; release: Release }): string[] {
    if (!files.some(({ name }) => name.startsWith("WEB-INF/")))
        return ["it has no folder WEB-INF, so it is no web application"];
    const classes = [...classesOf(files)];
    const tooNew = classes.filter(({ major }) => major > majorOf(java));
    const newest = Math.max(...tooNew.map(({ major }) => major));
    const [first] = tooNew.filter(({ major }) => major === newest);
    return [
        ...(first
            ? [
                  `${first.name} is compiled for Java ${newest - 44}, and the machines have Java ${java}` +
                      (tooNew.length > 1 ? ` (${tooNew.length} classes are too new)` : ""),
              ]
            : []),
        ...servletFaults(files, classes, release),
    ];
}

interface ClassFile {
    name: string;
    major: number;
    usesJavax: boolean;
    usesJakarta: boolean;
}

/** The classes of the application and of its libraries, without those that Java 8 never loads. */
function* classesOf(files: Content[]): Generator<ClassFile> {
    for (const file of files) {
        if (/^WEB-INF\/classes\/.*\.class$/.test(file.name)) yield* classIn(file, file.name);
        if (/^WEB-INF\/lib\/[^/]+\.jar$/.test(file.name))
            for (const entry of jarEntries(file))
                if (/\.class$/.test(entry.name) && !/^META-INF\/|(^|\/)module-info\.class$/.test(entry.name))
                    yield* classIn(entry, `${file.name}: ${entry.name}`);
    }
}

function jarEntries(file: Content) {
    try {
        return readZip(file.read());
    } catch (error) {
        throw error instanceof ZipError ? new ZipError(`has ${file.name}, which ${error.message}`) : error;
    }
}

function* classIn(file: Content, name: string): Generator<ClassFile> {
    const content = file.read();
    if (content.length < 8 || content.readUInt32BE(0) !== classMagic) return;
    yield {
        name,
        major: content.readUInt16BE(6),
        usesJavax: content.includes("javax/servlet/"),
        usesJakarta: content.includes("jakarta/servlet/"),
    };
}

/** Jakarta EE 9 renamed javax.servlet to jakarta.servlet, and Tomcat 10 was the first to follow. */
function servletFaults(files: Content[], classes: ClassFile[], { tomcat }: Release): string[] {
    const xml =
        files
            .find(({ name }) => name === "WEB-INF/web.xml")
            ?.read()
            .toString("utf8") ?? "";
    const root = /<web-app\b[^>]*>/.exec(xml.replace(/<!--[^]*?-->/g, ""))?.[0] ?? "";
    const isJakarta =
        root.includes("jakarta.ee/xml/ns/jakartaee") ||
        (classes.some(({ usesJakarta }) => usesJakarta) && !classes.some(({ usesJavax }) => usesJavax));
    if (isJakarta)
        return [
            `it is written for jakarta.servlet, and Tomcat ${tomcat.version} has javax.servlet, as all releases here have`,
        ];
    const version = /\bversion\s*=\s*["'](\d+(?:\.\d+)?)["']/.exec(root)?.[1];
    return version !== undefined && Number(version) > tomcat.servlet
        ? [
              `its web.xml asks for Servlet ${version}, and Tomcat ${tomcat.version} has ${tomcat.servlet.toFixed(1)}` +
                  (tomcat.servlet < 4 && Number(version) <= 4 ? "; `lab:release: maintained` has 4.0" : ""),
          ]
        : [];
}
