#!/bin/sh
# mmdebstrap's last hook for containers: makes the guest in $1 the root tree of system containers.
set -eu
root=$1

# These units cannot work in a container.
chroot "$root" systemctl mask --quiet \
    sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount sys-fs-fuse-connections.mount dev-hugepages.mount dev-mqueue.mount \
    console-getty.service getty.target systemd-journal-catalog-update.service systemd-networkd-wait-online.service
install -m 755 "$(dirname "$0")/guest-init.sh" "$root/usr/local/sbin/guest-init"
