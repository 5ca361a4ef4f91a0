import { stat, readdir } from "node:fs/promises";
import * as path from "node:path";
import { withSsh, type Connection } from "./ssh";
import { systemError } from "./text";
import type { Context } from "./context";
import type { SFTPWrapper, Stats } from "ssh2";

/** What is copied: a text, or a local file or folder. */
export type Source = { text: string } | { path: string };

/**
 * Copies to a path of another machine, and overwrites files there. The server chooses modes and owners; missing parent
 * folders are made, and nothing is deleted. The resulting paths are those of the genuine plugin:
 *
 *     source | existing folder      | nothing there         | existing file
 *     dir    | target/dir           | target/dir            | error
 *     dir/   | target/x for all x   | target/x for all x    | error
 *     file   | target/file          | target                | target
 *     text   | error                | target                | target
 */
export function copyToRemote(source: Source, target: string, connection: Connection, context: Context): Promise<void> {
    context.log(
        "debug",
        `Creating file: ${connection.host}:${target} from ` +
            `${"text" in source ? "text asset" : `local file ${source.path}`}`,
    );
    return withSsh(connection, context, async (client) => {
        const remote = new RemoteFiles(
            await new Promise((resolve, reject) => {
                client.sftp((error, session) => (error ? reject(error) : resolve(session)));
            }),
        );
        if ("text" in source) await copyText(remote, source.text, target);
        else await copyPath(remote, source.path, target);
    });
}

async function copyText(remote: RemoteFiles, text: string, target: string): Promise<void> {
    if ((await remote.stat(target))?.isDirectory()) {
        throw new Error(
            `remote path ${target} is a directory; when using a text asset, remotePath must be a file path`,
        );
    }
    await remote.makeFolders(path.posix.dirname(target));
    await remote.write(target, Buffer.from(text));
}

async function copyPath(remote: RemoteFiles, source: string, target: string): Promise<void> {
    const isFolder = await stat(source).then(
        (found) => found.isDirectory(),
        (error: unknown) => {
            throw new Error(`open ${source}: ${systemError(error)}`, { cause: error });
        },
    );
    const existing = await remote.stat(target);
    if (!isFolder) {
        if (!existing) await remote.makeFolders(path.posix.dirname(target));
        await remote.upload(source, existing?.isDirectory() ? path.posix.join(target, path.basename(source)) : target);
        return;
    }
    if (!existing) await remote.makeFolders(target);
    const intoItself = source.endsWith("/");
    await copyFolder(remote, source, intoItself ? target : path.posix.join(target, path.basename(source)));
}

/**
 * Copies file by file, in the order of names. A symbolic link counts as the file that it points to; a link to a folder
 * is an error.
 */
async function copyFolder(remote: RemoteFiles, source: string, target: string): Promise<void> {
    const existing = await remote.stat(target);
    if (existing && !existing.isDirectory()) throw new Error(`remote path ${target} exists but is not a directory`);
    if (!existing) await remote.makeFolder(target);
    const entries = await readdir(source, { withFileTypes: true });
    for (const entry of entries.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)))) {
        const [from, to] = [path.join(source, entry.name), path.posix.join(target, entry.name)];
        if (entry.isDirectory()) await copyFolder(remote, from, to);
        else await remote.upload(from, to);
    }
}

/** SFTP's status for a path that does not exist (draft-ietf-secsh-filexfer-02, section 7). */
const NO_SUCH_FILE = 2;

/** File operations on the other machine, as promises, with the genuine plugin's error messages. */
class RemoteFiles {
    constructor(private readonly sftp: SFTPWrapper) {}

    /** The attributes of a path; undefined if it does not exist. */
    stat(target: string): Promise<Stats | undefined> {
        return new Promise((resolve, reject) => {
            this.sftp.stat(target, (error, found) => {
                if (!error) resolve(found);
                else if ((error as { code?: number }).code === NO_SUCH_FILE) resolve(undefined);
                else reject(new Error(`failed to stat remote path ${target}: ${error.message}`, { cause: error }));
            });
        });
    }

    makeFolder(target: string): Promise<void> {
        return this.#ask((done) => this.sftp.mkdir(target, done), `failed to create remote directory ${target}`);
    }

    /** Makes a folder and its missing parents. */
    async makeFolders(target: string): Promise<void> {
        const existing = await this.stat(target);
        if (existing?.isDirectory()) return;
        if (existing) throw new Error(`failed to create remote directory ${target}: not a directory`);
        await this.makeFolders(path.posix.dirname(target));
        await this.makeFolder(target);
    }

    async write(target: string, content: Buffer): Promise<void> {
        const handle = await new Promise<Buffer>((resolve, reject) => {
            this.sftp.open(target, "w+", (error, opened) => {
                if (error)
                    reject(new Error(`failed to create remote file ${target}: ${error.message}`, { cause: error }));
                else resolve(opened);
            });
        });
        if (content.length > 0) {
            await this.#ask(
                (done) => this.sftp.write(handle, content, 0, content.length, 0, done),
                `failed to write text content to remote path ${target}`,
            );
        }
        await this.#ask(
            (done) => this.sftp.close(handle, done),
            `failed to write text content to remote path ${target}`,
        );
    }

    /** Writes a local file, in several requests at a time. */
    upload(source: string, target: string): Promise<void> {
        return this.#ask(
            (done) => this.sftp.fastPut(source, target, done),
            `failed to copy file ${source} to remote path ${target}`,
        );
    }

    #ask(request: (done: (error?: Error | null) => void) => void, what: string): Promise<void> {
        return new Promise((resolve, reject) => {
            request((error) =>
                error ? reject(new Error(`${what}: ${systemError(error)}`, { cause: error })) : resolve(),
            );
        });
    }
}
