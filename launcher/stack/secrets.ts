import * as crypto from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { keyPairOf } from "../../lib/ssh-keys";
import type { SecretKey } from "../../config/schema";
import { progress } from "../progress";
import { passphraseFile } from "./folders";
import type { Session } from "./session";

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
export async function makeMissingSecrets(session: Session): Promise<void> {
    const { file } = session;
    if (file.isIsolated) makePassphrase(session);
    const missing = file.missingSecrets;
    if (missing.length === 0) return;
    await progress.step(`Making the secrets of stack ${file.stack}`, (say) =>
        file.takeSecrets(async () => {
            const stacks = JSON.parse(await session.ask(["stack", "ls", "--json"])) as { name: string }[];
            if (!stacks.some(({ name }) => name === file.stack)) await session.ask(["stack", "init", file.stack]);
            for (const key of missing) {
                say(key);
                // Through standard input: other users can read arguments in the list of processes.
                await session.ask(["config", "set", "--secret", "--stack", file.stack, `lab:${key}`], makers[key]());
            }
        }),
    );
}

/** Makes the passphrase of an isolated lab's state, which is removed together with the lab. */
function makePassphrase({ file }: Session) {
    const target = passphraseFile(file.stack);
    if (fs.existsSync(target)) return;
    if (file.isEncrypted) {
        progress.info(`Pulumi.${file.stack}.yaml has the secrets of a lab that is gone. They are replaced.`);
        file.removeSecrets();
    }
    fs.mkdirSync(path.dirname(target), { recursive: true, mode: 0o700 });
    fs.writeFileSync(target, password(32), { mode: 0o600 });
}
