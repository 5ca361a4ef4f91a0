import * as fs from "node:fs";
import * as path from "node:path";
import { parseDocument } from "yaml";
import { secretKeys } from "../../config/schema";
import { UserError } from "./errors";
import { checkout } from "./places";

/** A stack's file, Pulumi.STACK.yaml, as far as the launcher has to know it. */
export class StackFile {
    readonly path: string;

    constructor(readonly stack: string) {
        if (!/^[A-Za-z0-9._-]{1,100}$/.test(stack)) throw new UserError(`'${stack}' is no name for a stack.`, "Use letters, digits, dots, hyphens and underscores.");
        this.path = path.join(checkout, `Pulumi.${stack}.yaml`);
        if (!fs.existsSync(this.path)) {
            const there = fs.readdirSync(checkout).flatMap((name) => /^Pulumi\.(.+)\.yaml$/.exec(name)?.[1] ?? []);
            throw new UserError(`There is no Pulumi.${stack}.yaml.`, `Stacks that are there: ${there.join(", ")}. For a new one, copy the file of the one that is most like it.`);
        }
    }

    private read() {
        const document = parseDocument(fs.readFileSync(this.path, "utf8"));
        const [error] = document.errors;
        if (error) throw new UserError(`Pulumi.${this.stack}.yaml is no YAML: ${error.message}`, "Correct the line that the message names.");
        return document;
    }

    private setting(key: string): unknown {
        return this.read().getIn(["config", `lab:${key}`]);
    }

    /** Whether the lab lives on this machine alone, in namespaces and with a libvirtd of its own. */
    get isIsolated(): boolean {
        return this.setting("isolated") === true;
    }

    get machineKind(): string {
        return String(this.setting("machineKind") ?? "vm");
    }

    get platform(): string {
        return String(this.setting("platform"));
    }

    get packageProxy(): number | undefined {
        const port = this.setting("packageProxy");
        return typeof port === "number" ? port : undefined;
    }

    /** Names of the secrets that the file does not have. */
    get missingSecrets() {
        return secretKeys.filter((key) => this.setting(key) === undefined);
    }

    get isEncrypted(): boolean {
        return this.read().has("encryptionsalt");
    }

    /** Takes out what init() put in: the secrets, and the salt that they are encrypted with. */
    removeSecrets() {
        const document = this.read();
        for (const key of secretKeys) document.deleteIn(["config", `lab:${key}`]);
        document.delete("encryptionsalt");
        fs.writeFileSync(this.path, document.toString({ lineWidth: 0 }));
    }
}
