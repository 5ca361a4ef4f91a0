/**
 * Something that is compiled once, on the first machine that needs it. From then on it comes from the control machine's
 * cache.
 */
export interface Build {
    /** Hash of everything that the result depends on: sources, script, platform. */
    key: string;
    /** Files on the control machine that the script needs, by name. */
    sources: { name: string; source: string }[];
    /** Shell text that root runs before the script, only on the machine that compiles. Empty: nothing. */
    prepare: string;
    /**
     * Shell text that an ordinary user runs in a folder with the sources. It leaves result.tar.gz there, to be unpacked
     * to /.
     */
    script: string;
    /** Whether a machine works without the result. A failure is reported then, and the machine goes on. */
    isOptional?: boolean;
    /** The result is installed again on a machine when this changes. Default: the key. */
    redoFor?: string;
}
