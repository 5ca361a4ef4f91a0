#!/bin/sh
# mmdebstrap's last hook: makes a system container of the lab guest in $1.
set -eu
root=$1

# What cannot work in a container.
chroot "$root" systemctl mask --quiet \
    sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount sys-fs-fuse-connections.mount dev-hugepages.mount dev-mqueue.mount \
    console-getty.service getty.target systemd-journal-catalog-update.service systemd-networkd-wait-online.service
install -m 755 "$(dirname "$0")/guest-init.sh" "$root/usr/local/sbin/guest-init"
