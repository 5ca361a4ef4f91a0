#!/bin/sh
# What libvirt starts as process 1 of a system container: gives the guest a control group namespace, which libvirt's LXC driver does not,
# and becomes systemd. Without it the systemd of every guest would build its tree in the same place, above the limits that libvirt set.
set -e
name=${LIBVIRT_LXC_NAME:?}
while IFS=: read -r _ controllers path; do
    case $path in */lxc-*) continue ;; esac         # libvirt placed us here; the others (systemd's own, pids, an empty version 2) it does not know
    case $controllers in
        "") type=cgroup2 options=rw ;;
        name=*) type=cgroup options=none,$controllers ;;
        *) type=cgroup options=$controllers ;;
    esac
    mount -t $type -o "$options" cgroup /mnt
    mkdir -p "/mnt/machine/lxc-$name"
    echo 0 >"/mnt/machine/lxc-$name/cgroup.procs"
    umount /mnt
done </proc/self/cgroup
umount -R /sys/fs/cgroup
exec unshare --cgroup /sbin/init "$@"
