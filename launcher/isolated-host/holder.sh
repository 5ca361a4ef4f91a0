#!/bin/bash
# The holder of an isolated lab: process 1 of the lab's PID namespace. When it ends, the kernel ends every process in
# that namespace, and with the last process the lab's network, mounts and bridges. A crash leaves only empty control
# groups.
#
# namespace.ts starts it through `unshare --pid --fork`. It enters its namespaces one by one; start, outside and inside
# below are the steps. Environment: LAB_HOME_FOLDER, LAB_CACHE_FOLDER, LAB_PROXY_PORT, and LAB_GROUPS (paths of the
# lab's control groups, one a line).
set -euo pipefail
home=$LAB_HOME_FOLDER cache=$LAB_CACHE_FOLDER port=$LAB_PROXY_PORT
self=$(realpath "$0")

# Step 1: join the lab's control groups. A new control group namespace then shows these groups as the top ones.
start() {
    local group
    while read -r group; do echo 0 >"$group/cgroup.procs"; done <<<"$LAB_GROUPS"
    exec unshare --cgroup bash "$self" outside
}

# Step 2: move to the child groups, because version 2 allows no process in a group with controllers. Start the package
# proxy here, where this machine's network and mounts are.
outside() {
    local group
    while read -r group; do echo 0 >"$group/tools/cgroup.procs"; done <<<"$LAB_GROUPS"
    keep bash "$self" proxy
    exec unshare --net --mount bash "$self" inside
}

# Step 3: set up the lab's network and mounts, start its daemons, and stay.
inside() {
    ip link set lo up
    umount -R /sys      # libvirt reads the list of mounts, so a mount on top would not hide the old ones
    mount -t sysfs sysfs /sys
    mount_cgroups
    mount -t tmpfs -o mode=755 run /run     # hides this machine's D-Bus, systemd and libvirt, and has no stale files
    mkdir /run/libvirt
    local name machine
    for name in lib:/var/lib etc:/etc log:/var/log cache:/var/cache; do
        mount --bind "$home/libvirt/${name%%:*}" "${name#*:}/libvirt"
    done
    mkdir -p /var/lib/libvirt/dnsmasq       # libvirt writes guests' MAC addresses there
    for machine in "$home"/machines/*/; do
        [ -e "$machine/lower" ] && [ -d "$machine/root" ] && { bash "$(dirname "$self")/mount-machine.sh" "$machine" || echo "holder: $machine has no root" >&2; }
    done
    mount --make-rshared /
    record
    keep socat "TCP-LISTEN:$port,fork,reuseaddr" "UNIX-CONNECT:$cache/proxy/socket"
    keep unshare --mount --propagation slave bash "$self" with_own_proc virtlogd
    keep unshare --mount --propagation slave bash "$self" with_own_proc libvirtd
    while :; do wait || :; done
}

# Records that the namespaces can be entered: the holder's pid on this machine, its start time (proc_pid_stat(5)) and
# the boot id.
record() {
    local stat
    read -r -a stat </proc/self/stat
    echo "${stat[0]} ${stat[21]} $(</proc/sys/kernel/random/boot_id)" >"$home/run/holder.new"
    mv "$home/run/holder.new" "$home/run/holder"
}

# Runs a daemon, and starts it again whenever it ends.
keep() {
    while :; do
        "$@" </dev/null || echo "holder: $* ended with $?, starting it again" >&2
        sleep 1
    done &
}

# All labs on this machine share one package cache, but only one apt-cacher-ng may use its folder. The lab that holds
# the lock runs it, behind a socket in the cache. When that lab ends, the kernel gives the lock to another lab.
proxy() {
    cd "$cache/proxy"
    exec 9>lock
    flock 9
    local port=$((20000 + RANDOM % 10000))  # another program could use a fixed port
    # Without the lock (9>&-): socat's children may outlive it.
    socat UNIX-LISTEN:socket,unlink-early,mode=600,fork TCP:127.0.0.1:$port 9>&- &
    apt-cacher-ng -c . ForeGround=1 Port=$port BindAddress=127.0.0.1 &
    wait -n || :        # when one of the two ends, end the other
    # shellcheck disable=SC2046 # a list of words
    kill $(jobs -p)
}

# libvirtd needs the /proc of its own PID namespace, but programs that enter the lab by nsenter need this machine's.
# So daemons have a mount namespace of their own, which receives every mount made in the lab's.
with_own_proc() {
    mount -t proc proc /proc
    local base
    # libvirt's QEMU driver needs user libvirt-qemu, which only the package of the system's libvirtd makes: an alias of
    # root here.
    for base in passwd group; do
        getent $base libvirt-qemu >/dev/null && continue
        { cat /etc/$base; [ $base = group ] && echo libvirt-qemu:x:0: || echo libvirt-qemu:x:0:0::/:/bin/false; } >/run/$base.$$
        mount --bind /run/$base.$$ /etc/$base
    done
    exec "$@"
}

# Mounts the control groups as this namespace sees them: the groups that libvirt makes are below the lab's.
mount_cgroups() {
    if ! grep -qE '^[1-9][0-9]*:[^=]+:' /proc/self/cgroup; then
        mount -t cgroup2 cgroup2 /sys/fs/cgroup
        local controller
        for controller in $(</sys/fs/cgroup/cgroup.controllers); do echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control || :; done
        return
    fi
    # Version 1. An empty version 2 hierarchy would mislead libvirt, and is not mounted.
    mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
    local controllers
    # shellcheck disable=SC2013 # a line is a word
    for controllers in $(sed -nE 's/^[1-9][0-9]*:([^:]+):.*/\1/p' /proc/self/cgroup); do
        local folder=/sys/fs/cgroup/${controllers#name=} options=$controllers
        [ "$controllers" = "${controllers#name=}" ] || options=none,$controllers
        mkdir "$folder"
        mount -t cgroup -o "$options" cgroup "$folder"
    done
}

"$@"
