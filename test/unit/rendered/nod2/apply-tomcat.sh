#!/bin/sh
# Brings the role tomcat of this machine to its described state. Written by components/apply.ts.
set -eu
umask 022
here=/var/lib/lab/tomcat
pending=$here/pending
# A run whose connection broke goes on without one: it is let come to its end.
exec 9> "$here/lock"
flock 9
rm -rf /run/lab-tomcat.*
secrets=$(mktemp -d /run/lab-tomcat.XXXXXX)
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
            echo "tomcat did not work within $1 s: $2: $said" >&2
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

# What comes before the files.
artifacts=$here/artifacts
getent group tomcat >/dev/null || groupadd --system tomcat
getent passwd tomcat >/dev/null || useradd --system --gid tomcat --home-dir /usr/local/tomcat --no-create-home --shell /usr/sbin/nologin tomcat
# Unpacked beside its place and moved there: what is there is whole.
if [ ! -d /usr/local/apache-tomcat-7.0.62 ]; then
    changed
    rm -rf /usr/local/.tomcat-new
    mkdir -p /usr/local/.tomcat-new
    tar -xzf "$artifacts/tomcat-7.0.62.tar.gz" -C /usr/local/.tomcat-new --strip-components=1 --no-same-owner
    # Tomcat's own applications (manager, examples, ...) would only be a way in.
    rm -rf /usr/local/.tomcat-new/webapps/*
    chown -R root:tomcat /usr/local/.tomcat-new/conf
    chmod -R u=rwX,g=rX,o= /usr/local/.tomcat-new/conf
    chown tomcat:tomcat /usr/local/.tomcat-new/logs /usr/local/.tomcat-new/temp /usr/local/.tomcat-new/work
    mv /usr/local/.tomcat-new /usr/local/apache-tomcat-7.0.62
fi
[ "$(readlink /usr/local/tomcat)" = /usr/local/apache-tomcat-7.0.62 ] || { changed; ln -sfn /usr/local/apache-tomcat-7.0.62 /usr/local/tomcat; }
chmod 755 /usr/local/apache-tomcat-7.0.62
install -d -o root -g tomcat -m 750 /usr/local/tomcat/conf/Site
put 644 root:root "$artifacts/memcached-session-manager-1.8.3.jar" /usr/local/tomcat/lib/memcached-session-manager-1.8.3.jar
put 644 root:root "$artifacts/memcached-session-manager-tc7-1.8.3.jar" /usr/local/tomcat/lib/memcached-session-manager-tc7-1.8.3.jar
put 644 root:root "$artifacts/msm-kryo-serializer-1.8.3.jar" /usr/local/tomcat/lib/msm-kryo-serializer-1.8.3.jar
put 644 root:root "$artifacts/spymemcached-2.11.1.jar" /usr/local/tomcat/lib/spymemcached-2.11.1.jar
put 644 root:root "$artifacts/kryo-1.04.jar" /usr/local/tomcat/lib/kryo-1.04.jar
put 644 root:root "$artifacts/kryo-serializers-0.11.jar" /usr/local/tomcat/lib/kryo-serializers-0.11.jar
put 644 root:root "$artifacts/reflectasm-1.01.jar" /usr/local/tomcat/lib/reflectasm-1.01.jar
put 644 root:root "$artifacts/asm-3.2.jar" /usr/local/tomcat/lib/asm-3.2.jar
put 644 root:root "$artifacts/minlog-1.2.jar" /usr/local/tomcat/lib/minlog-1.2.jar
put 644 root:root "$artifacts/mariadb-java-client-2.7.12.jar" /usr/local/tomcat/lib/mariadb-java-client-2.7.12.jar

# Files: only those that differ are written, each in one step. One role at a time, so that a file may move from one to another.
exec 8< /var/lib/lab
flock 8
put 644 root:root "$here"/files/etc/profile.d/tomcat.sh /etc/profile.d/tomcat.sh
put 644 root:root "$here"/files/etc/systemd/system/tomcat.service /etc/systemd/system/tomcat.service
put 644 root:root "$here"/files/usr/local/tomcat/bin/setenv.sh /usr/local/tomcat/bin/setenv.sh
put 640 root:tomcat "$here"/files/usr/local/tomcat/conf/server.xml /usr/local/tomcat/conf/server.xml
put 640 root:tomcat "$here"/files/usr/local/tomcat/conf/context.xml /usr/local/tomcat/conf/context.xml
put 640 root:tomcat "$secrets"/file-5 /usr/local/tomcat/conf/database.xml

# Files of an earlier configuration that are no longer in it.
cat > "$here/installed.new" <<'END'
/etc/profile.d/tomcat.sh
/etc/systemd/system/tomcat.service
/usr/local/tomcat/bin/setenv.sh
/usr/local/tomcat/conf/context.xml
/usr/local/tomcat/conf/database.xml
/usr/local/tomcat/conf/server.xml
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
systemctl --quiet enable tomcat.service
if ! systemctl --quiet is-active tomcat.service; then
    systemctl reset-failed tomcat.service 2>/dev/null || true
    systemctl start tomcat.service
elif [ -e "$pending" ]; then
    systemctl restart tomcat.service
fi

# Until it works.
await 180 'curl -sS -f -o /dev/null --max-time 10 http://127.0.0.1:8081/health' tomcat.service

rm -f "$pending"
