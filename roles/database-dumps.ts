/** Dumps of the application's database: shell texts for the machine that has it. */
import { databaseOf } from "../config/chosen-database";
import type { LabDescription } from "../config/description";

export const dumpsFolder = "/var/backups/lab";
/** The database as it was before the newest restore. */
export const beforeRestore = `${dumpsFolder}/before-restore.sql`;

/**
 * Writes the database to standard output as SQL. It is read in one transaction, so the dump is consistent, and nobody
 * waits for it.
 */
export function dumpScript(description: LabDescription): string {
    const { dump } = databaseOf(description);
    return `${dump} --single-transaction --quick --routines --triggers --events ${description.database.name}`;
}

/** The last line of each whole dump. */
const isWhole = (file: string) => `tail -c 200 "${file}" | grep -q '^-- Dump completed'`;

/**
 * Brings the database to the dump in standard input. Nothing happens before all of it has arrived. If the server refuses
 * it half-way, the database is what it was before. Tables that the dump does not have stay.
 */
export function restoreScript(description: LabDescription): string {
    const { client } = databaseOf(description);
    return `set -eu
umask 077
mkdir -p ${dumpsFolder}
incoming=$(mktemp ${dumpsFolder}/incoming.XXXXXX)
trap 'rm -f "$incoming" ${beforeRestore}.new' EXIT
cat > "$incoming"
if ! ${isWhole("$incoming")}; then
    echo "This is no whole dump: its last line does not say that it is completed. Nothing has changed." >&2
    exit 1
fi
${dumpScript(description)} > ${beforeRestore}.new
${isWhole(`${beforeRestore}.new`)}
mv -f ${beforeRestore}.new ${beforeRestore}
if ! ${client} ${description.database.name} < "$incoming"; then
    ${client} ${description.database.name} < ${beforeRestore}
    echo "The server has refused the dump. The database is what it was before." >&2
    exit 1
fi
`;
}
