#!/bin/bash
# The holder of one local lab: process 1 of the lab's own PID namespace. When it goes, however it goes, the kernel ends every process in
# that namespace, and with the last of them the lab's network, mounts and bridges: a crash leaves nothing to tidy up but empty control groups.
#
# Started by namespace.ts through `unshare --pid --fork`. It enters its namespaces one by one, each time becoming the next of the
# functions below; LAB_HOME_FOLDER, LAB_CACHE_FOLDER, LAB_PROXY_PORT and LAB_GROUPS (the lab's control groups, one a line) come in the environment.
set -euo pipefail
home=$LAB_HOME_FOLDER cache=$LAB_CACHE_FOLDER port=$LAB_PROXY_PORT
self=$(realpath "$0")

# 1. Into the lab's control groups, whose namespace then shows them as the top ones.
start() {
    local group
    while read -r group; do echo 0 >"$group/cgroup.procs"; done <<<"$LAB_GROUPS"
    exec unshare --cgroup bash "$self" outside
}

# 2. Out of the top groups, where version 2 wants no process; what needs the host's network and mounts starts here.
outside() {
    local group
    while read -r group; do echo 0 >"$group/tools/cgroup.procs"; done <<<"$LAB_GROUPS"
    keep bash "$self" proxy
    exec unshare --net --mount bash "$self" inside
}

# 3. In the lab's network and mounts, for good.
inside() {
    ip link set lo up
    umount -R /sys      # not merely covered: libvirt reads the list of mounts
    mount -t sysfs sysfs /sys
    mount_cgroups
    mount -t tmpfs -o mode=755 run /run     # no D-Bus, no systemd, no libvirt of the host's; nothing stale of our own
    mkdir /run/libvirt
    local name machine
    for name in lib:/var/lib etc:/etc log:/var/log cache:/var/cache; do
        mount --bind "$home/libvirt/${name%%:*}" "${name#*:}/libvirt"
    done
    mkdir -p /var/lib/libvirt/dnsmasq       # libvirt notes the guests' MACs there
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

# Leaves word of who we are, now that there is something to enter: pid as the host counts it, start time (proc_pid_stat(5)) and boot.
record() {
    local stat
    read -r -a stat </proc/self/stat
    echo "${stat[0]} ${stat[21]} $(</proc/sys/kernel/random/boot_id)" >"$home/run/holder.new"
    mv "$home/run/holder.new" "$home/run/holder"
}

# Runs a daemon in the foreground for good: one that died alone must not take the lab's machines with it.
keep() {
    while :; do
        "$@" </dev/null || echo "holder: $* ended with $?, starting it again" >&2
        sleep 1
    done &
}

# One cache serves every lab on this machine, and apt-cacher-ng does not share its folder with another: whichever lab gets the lock runs
# it, behind a socket in the cache. When that lab goes, the kernel hands the lock to the next one.
proxy() {
    cd "$cache/proxy"
    exec 9>lock
    flock 9
    local port=$((20000 + RANDOM % 10000))  # any fixed one could be a stranger's
    socat UNIX-LISTEN:socket,unlink-early,mode=600,fork TCP:127.0.0.1:$port 9>&- &      # its children may outlive it: not with the lock
    apt-cacher-ng -c . ForeGround=1 Port=$port BindAddress=127.0.0.1 &
    wait -n || :        # neither is any good alone
    # shellcheck disable=SC2046 # a list of words
    kill $(jobs -p)
}

# libvirtd wants a /proc of its own PID namespace; what is run in the lab from outside (nsenter, without --pid) wants the host's. Hence a
# mount namespace more for the daemons, which sees every mount that is made in the lab's.
with_own_proc() {
    mount -t proc proc /proc
    local base
    for base in passwd group; do    # its QEMU driver wants a user that only the system daemon's package makes: here, root's alias
        getent $base libvirt-qemu >/dev/null && continue
        { cat /etc/$base; [ $base = group ] && echo libvirt-qemu:x:0: || echo libvirt-qemu:x:0:0::/:/bin/false; } >/run/$base.$$
        mount --bind /run/$base.$$ /etc/$base
    done
    exec "$@"
}

# Control groups as this namespace sees them: what libvirt makes is below the lab's own.
mount_cgroups() {
    if ! grep -qE '^[1-9][0-9]*:[^=]+:' /proc/self/cgroup; then
        mount -t cgroup2 cgroup2 /sys/fs/cgroup
        local controller
        for controller in $(</sys/fs/cgroup/cgroup.controllers); do echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control || :; done
        return
    fi
    # Version 1. An empty version 2 beside it would only mislead libvirt: left out.
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
