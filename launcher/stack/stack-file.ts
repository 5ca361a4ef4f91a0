import * as fs from "node:fs";
import * as path from "node:path";
import { parseDocument, type Document } from "yaml";
import { isSecretKey, secretKeys, type SecretKey } from "../../config/schema";
import type { MachineKind } from "../../config/description";
import { parseValue } from "../../lib/pulumi-value";
import { UserError } from "../../lib/errors";
import { checkout } from "../../lib/environment";

/** The names of the stacks that have a file. */
export const stackNames = (): string[] =>
    fs.readdirSync(checkout).flatMap((name) => /^Pulumi\.(.+)\.yaml$/.exec(name)?.[1] ?? []);

/** A stack file, Pulumi.STACK.yaml: the settings that the launcher reads, and the secrets that it adds and removes. */
export class StackFile {
    readonly path: string;

    constructor(readonly stack: string) {
        if (!/^[A-Za-z0-9._-]{1,100}$/.test(stack))
            throw new UserError(
                `'${stack}' is no name for a stack.`,
                "Use letters, digits, dots, hyphens and underscores.",
            );
        this.path = path.join(checkout, `Pulumi.${stack}.yaml`);
        if (!fs.existsSync(this.path)) {
            throw new UserError(
                `There is no Pulumi.${stack}.yaml.`,
                `Existing stacks: ${stackNames().join(", ")}. For a new stack, copy the file of a similar one.`,
            );
        }
    }

    /** The whole file, for restore(). */
    text() {
        return fs.readFileSync(this.path, "utf8");
    }

    /** The file's values. Parsing takes longer than the rest of a command's start, so a file is parsed once. */
    private values(): { config?: Record<string, unknown> | null; encryptionsalt?: unknown } {
        const text = this.text();
        if (this.parsed?.text !== text) {
            const values = (this.read(text).toJS() ?? {}) as ReturnType<StackFile["values"]>;
            this.parsed = { text, values };
        }
        return this.parsed.values;
    }
    private parsed?: { text: string; values: ReturnType<StackFile["values"]> };

    private read(text = this.text()) {
        const document = parseDocument(text);
        const [error] = document.errors;
        if (error)
            throw new UserError(
                `Pulumi.${this.stack}.yaml is not valid YAML: ${error.message}`,
                "Correct the line that the message names.",
            );
        return document;
    }

    /** A setting as text. pulumi writes `"true"` for true, so both have to be read alike. */
    private setting(key: string): string | undefined {
        const value = this.values().config?.[`lab:${key}`];
        return value === undefined || typeof value === "string" ? value : JSON.stringify(value);
    }

    /** Whether the lab is isolated: on this machine, in namespaces, with a libvirtd of its own. */
    get isIsolated(): boolean {
        return this.setting("isolated") === "true";
    }

    get machineKind(): MachineKind {
        return this.setting("machineKind") === "container" ? "container" : "vm";
    }

    /** Whether the machines' image is built on this machine: for an isolated lab that names no other image. */
    get wantsBuiltImage(): boolean {
        return this.isIsolated && (this.machineKind === "container" || this.setting("image") === undefined);
    }

    get packageProxy(): number | undefined {
        const port = Number(this.setting("packageProxy"));
        return Number.isInteger(port) ? port : undefined;
    }

    /** Every `lab:` setting except the secrets, as plain values. */
    get settings(): Record<string, unknown> {
        const { config } = this.values();
        return Object.fromEntries(
            Object.entries(config ?? {})
                .filter(([key]) => key.startsWith("lab:") && !isSecretKey(key.slice("lab:".length)))
                .map(([key, value]) => [
                    key.slice("lab:".length),
                    typeof value === "string" ? parseValue(value) : value,
                ]),
        );
    }

    /** The secrets that the file lacks. */
    get missingSecrets() {
        return secretKeys.filter((key) => this.setting(key) === undefined);
    }

    get isEncrypted(): boolean {
        return this.values().encryptionsalt !== undefined;
    }

    /** Sets a setting, or removes it with `undefined`. `place` is the setting's name and the keys below it. */
    set([name = "", ...keys]: string[], value: unknown) {
        const document = this.read();
        const place = ["config", `lab:${name}`, ...keys];
        if (value === undefined) document.deleteIn(place);
        else document.setIn(place, value);
        this.write(document);
    }

    /** Gives the file the text that it had before. */
    restore(text: string) {
        fs.writeFileSync(this.path, text);
    }

    /** Removes one secret. The next command that needs it makes another. */
    removeSecret(key: SecretKey) {
        const document = this.read();
        document.deleteIn(["config", `lab:${key}`]);
        this.write(document);
    }

    /** Removes all secrets, and the salt that they are encrypted with. */
    removeSecrets() {
        const document = this.read();
        // Nobody can decrypt them without the salt. The application's own secrets may also stand there in plain text.
        const encrypted = document.hasIn(["config", "lab:applicationSecrets", "secure"]) ? ["applicationSecrets"] : [];
        const keys = [...secretKeys, ...encrypted].map((key) => ["config", `lab:${key}`]);
        for (const path of [...keys, ["encryptionsalt"]]) if (document.hasIn(path)) document.deleteIn(path);
        this.write(document);
    }

    /**
     * Lets `work` make pulumi write secrets into the file, and keeps nothing else of what pulumi writes: it would also
     * reformat and reorder the rest. Secrets are kept even if `work` fails after some of them.
     */
    async takeSecrets(work: () => Promise<void>) {
        const document = this.read();
        try {
            await work();
        } finally {
            const written = this.read();
            for (const key of secretKeys) {
                const path = ["config", `lab:${key}`];
                if (!document.hasIn(path) && written.hasIn(path)) document.setIn(path, written.getIn(path));
            }
            if (written.has("encryptionsalt")) document.set("encryptionsalt", written.get("encryptionsalt"));
            this.write(document);
        }
    }

    /** Copies one secret from another stack file. */
    takeSecret(key: SecretKey, from: string) {
        const place = ["config", `lab:${key}`];
        const document = this.read();
        document.setIn(place, this.read(fs.readFileSync(from, "utf8")).getIn(place));
        this.write(document);
    }

    private write(document: Document) {
        fs.writeFileSync(this.path, document.toString({ lineWidth: 0 }));
    }
}
