import { quote, words } from "../lib/shell";
import type { ManagedFile, RoleConfiguration } from "./role-configuration";

/** Folder on a machine for everything that was uploaded, with one folder for each step. */
export const stepsFolder = "/var/lib/lab";
export const stepFolder = (step: string) => `${stepsFolder}/${step}`;

/** Where the content of a file that is no secret lies below the step's folder. */
export const stagedPath = (file: ManagedFile) => `files${file.path}`;
/** Name of a secret file's content in standard input. */
const secretName = (index: number) => `file-${index}`;
/** Whether the content is a secret, and so known to Pulumi alone. */
export const isSecret = (file: ManagedFile): file is ManagedFile & { content: SecretText } =>
    typeof file.content !== "string" && !Buffer.isBuffer(file.content);

/**
 * The idempotent script that brings a machine to `configuration`. It is uploaded beside the files and run on the
 * machine. After it was stopped anywhere, the next run goes on: the file `pending` remembers what the service has not
 * loaded yet.
 */
export function applyScript(step: string, configuration: RoleConfiguration): string {
    const { artifacts = [], files = [], prepare = [], finish = [], test, service, ready } = configuration;
    const sections = [
        header(step),
        test ? undo : "",
        section(
            "Another machine does the service's work while the service restarts. A killed run may have left it so",
            service?.aside ? asideFunctions(service.aside) : [],
        ),
        section("What comes before the files", [
            ...(artifacts.length > 0 ? ["artifacts=$here/artifacts"] : []),
            ...prepare,
        ]),
        section(
            "Files: only those that differ are written, each atomically. " +
                "The lock lets a file move from one step to another",
            [
                `exec 8< ${stepsFolder}`,
                "flock 8",
                ...(test ? ['keep "$here/installed"'] : []),
                ...files.map((file, index) => putLine(file, index)),
            ],
        ),
        section("Files of an earlier configuration that are no longer in it", [
            forgetOldFiles(files.map((file) => file.path)),
            "exec 8<&-",
        ]),
        section("Units that stop when the step goes (roles/retired.ts), and those that drift looks at", [
            ...(service
                ? [`printf '%s\\n' ${words([service.unit, ...(service.others ?? [])])} > "$here/services"`]
                : ['rm -f "$here/services"']),
            ...(unitsOf(configuration).length > 0
                ? [`printf '%s\\n' ${words(unitsOf(configuration))} > "$here/units"`]
                : ['rm -f "$here/units"']),
        ]),
        section(
            "A configuration that the program itself refuses never reaches the service",
            test
                ? [
                      "# shellcheck disable=SC2016 # expanded by the shell that runs it",
                      `quietly ${quote(test)} || { undo; exit 1; }`,
                      'rm -rf "$here/undo"',
                  ]
                : [],
        ),
        section("The service", service ? [...leaveLines(service), ...betweenReloads(linesOf(service))] : []),
        section(
            "Until it works",
            ready ? [`await ${ready.seconds} ${quote(ready.command)} ${quote(service?.unit ?? "")}`] : [],
        ),
        section("Its work comes back", service?.aside?.comeBack ?? []),
        section("What takes a step that works", finish),
        section("What drift is compared with (roles/drift.ts). Sums of secret files are for root alone", records),
        'rm -f "$pending"\n',
    ];
    return sections.filter((text) => text !== "").join("\n");
}

const section = (title: string, lines: string[]) => (lines.length === 0 ? "" : `# ${title}.\n${lines.join("\n")}\n`);

const header = (step: string) => `#!/bin/sh
# Brings the step ${step} of this machine to its described state.
set -eu
umask 022
here=${stepFolder(step)}
pending=$here/pending
# A run continues after its ssh connection breaks. Wait for its end.
exec 9> "$here/lock"
flock 9
rm -rf /run/lab-${step}.*
secrets=$(mktemp -d /run/lab-${step}.XXXXXX)
trap 'rm -rf "$secrets"' EXIT
trap 'exit 1' HUP INT TERM

# changed [restart]: the service has to load a change. With "restart" a reload is not enough.
changed() { echo "$*" >> "$pending"; }

# label PATH: gives files the labels of SELinux's policy, where there is SELinux.
label() { if command -v restorecon >/dev/null; then restorecon -R "$1"; fi; }

# keep PATH: remembers the file for undo, where there is one.
keep() { :; }

# put MODE OWNER SOURCE DESTINATION
put() {
    case $4 in /etc/systemd/system/*) how=restart ;; *) how= ;; esac
    if ! cmp -s "$3" "$4"; then
        changed $how
        keep "$4"
        mkdir -p "\${4%/*}"
        cp "$3" "$4.lab-new"
        chown "$2" "$4.lab-new"
        chmod "$1" "$4.lab-new"
        mv -fT "$4.lab-new" "$4"
        label "$4"
    elif [ "$(stat -c %a:%U:%G "$4")" != "$1:$2" ]; then
        changed $how
        chown "$2" "$4"
        chmod "$1" "$4"
    fi
}

# quietly COMMAND: shows the command's output only when it fails.
quietly() {
    said=$(sh -c "$1" 2>&1) || { printf '%s\\n' "$said" >&2; return 1; }
}

# await SECONDS COMMAND UNIT: repeats the command until it succeeds. Fails with the unit's status when time is up, and
# at once when the unit has failed.
await() {
    start=$(date +%s)
    until said=$(sh -c "$2" 2>&1); do
        now=$(date +%s)
        if [ "$now" -ge $((start + $1)) ] || { [ -n "$3" ] && systemctl --quiet is-failed "$3"; }; then
            echo "${step} did not work within $((now - start)) s: $2: $said" >&2
            [ -z "$3" ] || systemctl --no-pager --lines=20 status "$3" >&2 || true
            exit 1
        fi
        sleep 0.1
    done
}

# Secrets come through standard input, one a line: a name, and the content in base64.
umask 077
while read -r name content; do
    printf %s "$content" | base64 -d > "$secrets/$name"
done
umask 022
`;

/**
 * A configuration that was refused must not lie where the next boot finds it. What every changed file was before stands
 * in the folder `undo` until the program accepts the new files, also over runs that were killed.
 */
const undo = `# keep PATH: remembers the file as the program last accepted it.
keep() {
    if grep -qxF -e "old $1" -e "new $1" "$here/undo/list" 2>/dev/null; then return; fi
    mkdir -p "$here/undo/old\${1%/*}"
    was=new
    if [ -e "$1" ]; then was=old && cp -p "$1" "$here/undo/old$1"; fi
    echo "$was $1" >> "$here/undo/list"
}

# undo: puts every file back.
undo() {
    [ -f "$here/undo/list" ] || return 0
    while read -r how file; do
        if [ "$how" = new ]; then
            rm -f "$file"
        else
            cp -p "$here/undo/old$file" "$file.lab-new"
            mv -fT "$file.lab-new" "$file"
            label "$file"
        fi
    done < "$here/undo/list"
    rm -rf "$here/undo"
    echo "The files of ${"$"}{here##*/} are again what they were before this run." >&2
}
`;

function putLine(file: ManagedFile, index: number): string {
    const source = isSecret(file) ? `"$secrets"/${secretName(index)}` : `"$here"/${quote(stagedPath(file))}`;
    return `put ${file.mode ?? "644"} ${file.owner ?? "root:root"} ${source} ${quote(file.path)}`;
}

function forgetOldFiles(paths: string[]): string {
    return `cat > "$here/installed.new" <<'END'
${[...paths].sort().join("\n")}
END
if [ -f "$here/installed" ]; then
    grep -vxFf "$here/installed.new" "$here/installed" | while read -r old; do
        # A file that moved to another step belongs to that step now.
        for other in ${stepFolder("*")}/installed; do
            [ "$other" = "$here/installed" ] || ! grep -qxF "$old" "$other" || continue 2
        done
        case $old in /etc/systemd/system/*) changed restart ;; *) changed ;; esac
        keep "$old"
        rm -f "$old"
    done
fi
mv -f "$here/installed.new" "$here/installed"`;
}

/** Records in the form that sha256sum --check and grep read. */
const records = [
    "umask 077",
    `grep . "$here/installed" | tr '\\n' '\\0' | xargs -0r sha256sum > "$here/sums.new"`,
    `grep . "$here/installed" | tr '\\n' '\\0' | xargs -0r stat -c '%a:%U:%G %n' > "$here/modes"`,
    'mv -f "$here/sums.new" "$here/sums"',
];

/** The services of a step, and the units that it brings along. */
function unitsOf({ service, files = [] }: RoleConfiguration): string[] {
    const brought = files.flatMap(({ path }) => /^\/etc\/systemd\/system\/([^/]+)$/.exec(path)?.[1] ?? []);
    return [...new Set([...(service ? [service.unit, ...(service.others ?? [])] : []), ...brought])];
}

type Service = NonNullable<RoleConfiguration["service"]>;

const asideFunctions = ({ leave, comeBack }: NonNullable<Service["aside"]>) => [
    "leave() {",
    ...leave.map(indented),
    "}",
    "# shellcheck disable=SC2329 # The trap calls it.",
    "comeBack() {",
    ...comeBack.map(indented),
    "}",
    `trap 'rm -rf "$secrets"; comeBack' EXIT`,
    ...comeBack,
];
const indented = (line: string) => `    ${line}`;

/** A reload interrupts nothing, and a service that does not run does no work. */
const leaveLines = ({ unit, others = [], onChange = "restart", aside }: Service) => {
    if (!aside) return [];
    const restarts = onChange === "restart" || others.length > 0 ? '[ -e "$pending" ]' : 'grep -qs restart "$pending"';
    return [`if ${restarts} && systemctl --quiet is-active ${quote(unit)}; then leave; fi`];
};

const linesOf = ({ unit, others = [], onChange = "restart" }: Service) =>
    others.length === 0 ? serviceLines(unit, onChange) : severalServices([unit, ...others]);

/**
 * Steps of one machine run side by side. Between another step's `enable` and its reload, systemctl warns of any unit
 * that it starts.
 */
const betweenReloads = ({ load, run }: ServiceLines) => [
    "exec 7< /etc/systemd/system",
    "flock 7",
    ...load,
    "flock --shared 7",
    ...run,
    "exec 7<&-",
];

/** Lines by which systemd knows a service, and lines by which the service runs. */
interface ServiceLines {
    load: string[];
    run: string[];
}

/**
 * systemd reads all units anew at a reload and at each `enable`, also of an enabled unit: 0.1 to 0.6 s of a container's
 * time (2026-11-28). So it does so once, and only where something changes. After `enable --no-reload` it would warn.
 */
const loadLines = (units: string) => [
    `if [ "$(systemctl is-enabled ${units} 2>/dev/null | sort -u)" != enabled ]; then`,
    `    systemctl --quiet enable ${units}`,
    `elif grep -qs restart "$pending"; then`,
    `    systemctl daemon-reload`,
    `fi`,
];

const serviceLines = (unit: string, onChange: string): ServiceLines => ({
    load: loadLines(quote(unit)),
    run: [
        `if ! systemctl --quiet is-active ${quote(unit)}; then`,
        `    systemctl reset-failed ${quote(unit)} 2>/dev/null || true`,
        `    systemctl start ${quote(unit)}`,
        `elif [ -e "$pending" ]; then`,
        ...(onChange === "restart"
            ? [`    systemctl restart ${quote(unit)}`]
            : [
                  `    if grep -q restart "$pending"; then how=restart; else how=${onChange}; fi`,
                  `    systemctl $how ${quote(unit)}`,
              ]),
        `fi`,
    ],
});

/** The same for several services. Whatever changed, all of them restart. */
function severalServices(units: string[]): ServiceLines {
    const all = words(units);
    return {
        load: loadLines(all),
        run: [
            `systemctl reset-failed ${all} 2>/dev/null || true`,
            `if [ -e "$pending" ]; then how=restart; else how=start; fi`,
            `systemctl $how ${all}`,
        ],
    };
}

/**
 * The secret texts of `configuration`, by their names in the script, in a fixed order. The values are still Outputs.
 */
export function secretTexts(configuration: RoleConfiguration): [name: string, content: SecretText][] {
    const files = (configuration.files ?? []).flatMap((file, index): [string, SecretText][] =>
        isSecret(file) ? [[secretName(index), file.content]] : [],
    );
    return [...files, ...Object.entries(configuration.secrets ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))];
}
type SecretText = Exclude<ManagedFile["content"], string | Buffer>;

/** The script's standard input with these secrets. */
export const secretLines = (texts: [name: string, content: string][]) =>
    texts.map(([name, content]) => `${name} ${Buffer.from(content).toString("base64")}\n`).join("");

/** The command that runs an uploaded script. */
export const applyCommand = (step: string) => `exec sh ${stepFolder(step)}/apply`;
