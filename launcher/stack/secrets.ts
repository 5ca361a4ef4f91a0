import * as crypto from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { keyPairOf } from "../../lib/ssh-keys";
import type { SecretKey } from "../../config/schema";
import { progress } from "../progress";
import { passphraseFile, stateFile } from "./folders";
import type { StackFile } from "./stack-file";

/** Pulumi, as far as it works on a stack and its file. */
export interface StackPulumi {
    readonly file: StackFile;
    /** Runs pulumi with `input` as its standard input. Returns its standard output; a ProgramError if it fails. */
    ask(words: string[], input?: string): Promise<string>;
}

/** Letters and digits: 5.95 bits each. */
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const password = (length: number) => Array.from({ length }, () => alphabet[crypto.randomInt(alphabet.length)]).join("");

const makers: Record<SecretKey, () => string> = {
    databasePassword: () => password(24),
    // keepalived uses only the first 8 characters of a VRRP password.
    vrrpPassword: () => password(8),
    loginKey: () => keyPairOf(crypto.randomBytes(32), "lab").privateKey,
    hostKeySeed: () => crypto.randomBytes(32).toString("hex"),
};

/** Makes the stack, and the secrets that its file lacks. Existing secrets stay. */
export async function makeMissingSecrets(pulumi: StackPulumi): Promise<void> {
    const { file } = pulumi;
    if (file.isIsolated) makePassphrase(pulumi);
    const missing = file.missingSecrets;
    if (missing.length === 0) return;
    await progress.step(`Making the secrets of stack ${file.stack}`, () =>
        file.takeSecrets(async () => {
            if (!(await exists(pulumi))) await pulumi.ask(["stack", "init", file.stack]);
            await setSecrets(pulumi, missing);
        }),
    );
}

/** Whether the stack exists. */
async function exists(pulumi: StackPulumi): Promise<boolean> {
    const { isIsolated, stack } = pulumi.file;
    // Asking pulumi takes a third of a second.
    if (isIsolated) return fs.existsSync(stateFile(stack));
    const stacks = JSON.parse(await pulumi.ask(["stack", "ls", "--json"])) as { name: string }[];
    return stacks.some(({ name }) => name === stack);
}

/** Each secret is set in a copy of the stack file, so that all are set at once: pulumi derives its key anew each time. */
async function setSecrets(pulumi: StackPulumi, keys: SecretKey[]) {
    const { file } = pulumi;
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "lab-secrets-"));
    const set = (key: SecretKey, ...words: string[]) =>
        // Through standard input: other users can read arguments in the list of processes.
        pulumi.ask(["config", "set", "--secret", "--stack", file.stack, ...words, `lab:${key}`], makers[key]());
    try {
        // The first secret brings the salt that the others need, unless the file has one.
        const others = file.isEncrypted ? keys : keys.slice(1);
        for (const first of keys.slice(0, keys.length - others.length)) await set(first);
        const results = await Promise.allSettled(
            others.map(async (key) => {
                const copy = path.join(folder, `${key}.yaml`);
                fs.copyFileSync(file.path, copy);
                await set(key, "--config-file", copy);
                file.takeSecret(key, copy);
            }),
        );
        for (const result of results) if (result.status === "rejected") throw result.reason;
    } finally {
        fs.rmSync(folder, { recursive: true });
    }
}

/** Makes the passphrase of an isolated lab's state, which is removed together with the lab. */
function makePassphrase({ file }: StackPulumi) {
    const target = passphraseFile(file.stack);
    if (fs.existsSync(target)) return;
    if (file.isEncrypted) {
        progress.info(`Pulumi.${file.stack}.yaml has the secrets of a lab that is gone. They are replaced.`);
        file.removeSecrets();
    }
    fs.mkdirSync(path.dirname(target), { recursive: true, mode: 0o700 });
    fs.writeFileSync(target, password(32), { mode: 0o600 });
}
