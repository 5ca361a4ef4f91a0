import type * as pulumi from "@pulumi/pulumi";
import type { LocalArtifact } from "../artifacts/local-artifacts";

/** A file on a machine. */
export interface ManagedFile {
    /** Absolute path on the machine. */
    path: string;
    /**
     * The whole content. An Output is taken as a secret: it goes through the command's standard input, is never staged on the control
     * machine's disk and is encrypted in the state.
     */
    content: string | pulumi.Output<string>;
    /** Octal; default 644. */
    mode?: string;
    /** `user:group`; default root:root. */
    owner?: string;
}

/**
 * What a role is on one machine: the state to bring it to. Plain data, made by a pure function of the site description; applyScript()
 * makes a shell script of it, Host carries it out.
 */
export interface RoleConfiguration {
    /** Uploaded before anything else; `prepare` finds them as `$artifacts/<name>`. */
    artifacts?: LocalArtifact[];
    /** Shell lines before the files are put in place: users, folders, unpacking. They must bear being run again; `changed` marks a change that the service has to see, `changed restart` one that takes a restart. */
    prepare?: string[];
    files?: ManagedFile[];
    /** Secret texts for `finish`, by file name in `$secrets` (0600, in memory, gone when the script ends). */
    secrets?: Record<string, pulumi.Output<string>>;
    /** A command that must succeed before the service is touched. */
    test?: string;
    service?: {
        unit: string;
        /** What makes the service see a changed file; default restart. A changed unit always takes a restart. */
        onChange?: "restart" | "reload";
    };
    /**
     * A command that succeeds once the role works, and how many seconds to give it at most: several times what an emulated machine takes that
     * shares two cores with five others. Who has to wait for less is told sooner: a unit that has failed is not waited for.
     */
    ready?: { command: string; seconds: number };
    /** Shell lines for when it works; the texts of `secrets` are files in `$secrets`. */
    finish?: string[];
}
