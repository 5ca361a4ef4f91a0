import type * as pulumi from "@pulumi/pulumi";
import type { LocalArtifact } from "../artifacts/local-artifacts";

/** A file on a machine. */
export interface ManagedFile {
    /** Absolute path on the machine. */
    path: string;
    /**
     * The whole content, a Buffer where it may be no text. An Output is a secret: it goes through the command's standard input, never to the control
     * machine's disk, and is encrypted in the state.
     */
    content: string | Buffer | pulumi.Output<string>;
    /** Octal; default 644. */
    mode?: string;
    /** `user:group`; default root:root. */
    owner?: string;
}

/**
 * The state that a step brings a machine to. It is plain data, made by a pure function of the description.
 * applyScript() makes a shell script from it, and Host runs the script.
 */
export interface RoleConfiguration {
    /** Uploaded first. `prepare` finds them as `$artifacts/NAME`. */
    artifacts?: LocalArtifact[];
    /**
     * Idempotent shell lines that run before the files are put in place: users, folders, unpacking. `changed` marks a
     * change that the service has to load, `changed restart` one that takes a restart.
     */
    prepare?: string[];
    files?: ManagedFile[];
    /**
     * Secret texts for `finish`, by file name in the folder `$secrets`: mode 0600, in memory, deleted when the script
     * ends.
     */
    secrets?: Record<string, pulumi.Output<string>>;
    /** A command that checks the files. If it fails, the service stays as it is. */
    test?: string;
    service?: {
        unit: string;
        /** Units that start, and restart after a change, together with it. */
        others?: string[];
        /** How the service loads a changed file. Default: restart. A changed unit file always takes a restart. */
        onChange?: "restart" | "reload";
        /**
         * How another machine does the service's work while the service restarts: shell lines before a restart, and
         * lines after it, once the step works. `comeBack` also runs when the script begins and however it ends.
         */
        aside?: { leave: string[]; comeBack: string[] };
    };
    /**
     * A command that succeeds once the step works, and its time limit in seconds: several times what six emulated
     * machines on two cores need. A unit that has failed ends the wait at once.
     */
    ready?: { command: string; seconds: number };
    /** Shell lines that run once the step works. The texts of `secrets` are files in `$secrets`. */
    finish?: string[];
}
