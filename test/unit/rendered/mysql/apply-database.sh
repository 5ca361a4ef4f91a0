#!/bin/sh
# Brings the role database of this machine to its described state. Written by components/apply.ts.
set -eu
umask 022
here=/var/lib/lab/database
pending=$here/pending
# A run whose connection broke goes on without one: it is let come to its end.
exec 9> "$here/lock"
flock 9
rm -rf /run/lab-database.*
secrets=$(mktemp -d /run/lab-database.XXXXXX)
trap 'rm -rf "$secrets"' EXIT
trap 'exit 1' HUP INT TERM

# changed [restart]: the service has to see it; with the word, by a restart even where a reload does for everything else.
changed() { echo "$*" >> "$pending"; }

# put MODE OWNER SOURCE DESTINATION
put() {
    case $4 in /etc/systemd/system/*) how=restart ;; *) how= ;; esac
    if ! cmp -s "$3" "$4"; then
        changed $how
        mkdir -p "${4%/*}"
        cp "$3" "$4.lab-new"
        chown "$2" "$4.lab-new"
        chmod "$1" "$4.lab-new"
        mv -fT "$4.lab-new" "$4"
        # SELinux, where there is any: the label that its policy gives to a file of this name.
        if command -v restorecon >/dev/null; then restorecon "$4"; fi
    elif [ "$(stat -c %a:%U:%G "$4")" != "$1:$2" ]; then
        changed $how
        chown "$2" "$4"
        chmod "$1" "$4"
    fi
}

# quietly COMMAND: what it says is shown only when it fails.
quietly() {
    said=$(sh -c "$1" 2>&1) || { printf '%s\n' "$said" >&2; exit 1; }
}

# await SECONDS COMMAND UNIT: runs the command until it succeeds; tells what the unit says when it never does.
await() {
    deadline=$(($(date +%s) + $1))
    until said=$(sh -c "$2" 2>&1); do
        if [ "$(date +%s)" -ge "$deadline" ]; then
            echo "database did not work within $1 s: $2: $said" >&2
            [ -z "$3" ] || systemctl --no-pager --lines=20 status "$3" >&2 || true
            exit 1
        fi
        sleep 0.1
    done
}

# What is secret comes through standard input: one line each, a name and the content in base64.
umask 077
while read -r name content; do
    printf %s "$content" | base64 -d > "$secrets/$name"
done
umask 022

# Files: only those that differ are written, each in one step. One role at a time, so that a file may move from one to another.
exec 8< /var/lib/lab
flock 8
put 644 root:root "$here"/files/etc/mysql/mariadb.conf.d/90-lab.cnf /etc/mysql/mariadb.conf.d/90-lab.cnf
put 644 root:root "$here"/files/usr/local/share/lab/schema.sql /usr/local/share/lab/schema.sql

# Files of an earlier configuration that are no longer in it.
cat > "$here/installed.new" <<'END'
/etc/mysql/mariadb.conf.d/90-lab.cnf
/usr/local/share/lab/schema.sql
END
if [ -f "$here/installed" ]; then
    grep -vxFf "$here/installed.new" "$here/installed" | while read -r old; do
        # A file that moved to another role is that role's now.
        for other in /var/lib/lab/*/installed; do
            [ "$other" = "$here/installed" ] || ! grep -qxF "$old" "$other" || continue 2
        done
        changed
        rm -f "$old"
    done
fi
mv -f "$here/installed.new" "$here/installed"
exec 8<&-

# The service.
if [ -e "$pending" ]; then systemctl daemon-reload; fi
systemctl --quiet enable mariadb.service
if ! systemctl --quiet is-active mariadb.service; then
    systemctl reset-failed mariadb.service 2>/dev/null || true
    systemctl start mariadb.service
elif [ -e "$pending" ]; then
    systemctl restart mariadb.service
fi

# Until it works.
await 120 'mariadb-admin --silent ping' mariadb.service

# What takes a role that works.
mariadb < "$secrets/accounts.sql"
mariadb site < /usr/local/share/lab/schema.sql

rm -f "$pending"
