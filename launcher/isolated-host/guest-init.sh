#!/bin/sh
# Process 1 of a system container: gives the container a control group namespace, which libvirt's LXC driver does not,
# and becomes systemd. Without the namespace, the systemd of every container would use the same control groups, outside
# of the limits that libvirt set.
set -e
name=${LIBVIRT_LXC_NAME:?}
while IFS=: read -r _ controllers path; do
    # libvirt has placed this process in a group of its own, but not in every hierarchy (systemd's, pids, an empty
    # version 2).
    case $path in */lxc-*) continue ;; esac
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
