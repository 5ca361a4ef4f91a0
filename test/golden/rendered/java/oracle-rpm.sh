#!/bin/sh
# Brings the step java of this machine to its described state.
set -eu
umask 022
here=/var/lib/lab/java
pending=$here/pending
# A run continues after its ssh connection breaks. Wait for its end.
exec 9> "$here/lock"
flock 9
rm -rf /run/lab-java.*
secrets=$(mktemp -d /run/lab-java.XXXXXX)
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
        mkdir -p "${4%/*}"
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
    said=$(sh -c "$1" 2>&1) || { printf '%s\n' "$said" >&2; return 1; }
}

# await SECONDS COMMAND UNIT: repeats the command until it succeeds. Fails with the unit's status when time is up, and
# at once when the unit has failed.
await() {
    start=$(date +%s)
    until said=$(sh -c "$2" 2>&1); do
        now=$(date +%s)
        if [ "$now" -ge $((start + $1)) ] || { [ -n "$3" ] && systemctl --quiet is-failed "$3"; }; then
            echo "java did not work within $((now - start)) s: $2: $said" >&2
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

# What comes before the files.
artifacts=$here/artifacts
rpm --query --quiet "$(rpm --query --package "$artifacts/jdk-8u45-linux-x64.rpm")" || rpm --upgrade --replacepkgs "$artifacts/jdk-8u45-linux-x64.rpm"

# Files: only those that differ are written, each atomically. The lock lets a file move from one step to another.
exec 8< /var/lib/lab
flock 8
put 644 root:root "$here"/files/etc/profile.d/java.sh /etc/profile.d/java.sh

# Files of an earlier configuration that are no longer in it.
cat > "$here/installed.new" <<'END'
/etc/profile.d/java.sh
END
if [ -f "$here/installed" ]; then
    grep -vxFf "$here/installed.new" "$here/installed" | while read -r old; do
        # A file that moved to another step belongs to that step now.
        for other in /var/lib/lab/*/installed; do
            [ "$other" = "$here/installed" ] || ! grep -qxF "$old" "$other" || continue 2
        done
        case $old in /etc/systemd/system/*) changed restart ;; *) changed ;; esac
        keep "$old"
        rm -f "$old"
    done
fi
mv -f "$here/installed.new" "$here/installed"
exec 8<&-

# Units that stop when the step goes (roles/retired.ts), and those that drift looks at.
rm -f "$here/services"
rm -f "$here/units"

# Until it works.
await 120 '/usr/java/jdk1.8.0_45/bin/java -version 2>&1 | grep -q '\''version "1\.8\.'\''' ''

# What drift is compared with (roles/drift.ts). Sums of secret files are for root alone.
umask 077
grep . "$here/installed" | tr '\n' '\0' | xargs -0r sha256sum > "$here/sums.new"
grep . "$here/installed" | tr '\n' '\0' | xargs -0r stat -c '%a:%U:%G %n' > "$here/modes"
mv -f "$here/sums.new" "$here/sums"

rm -f "$pending"
