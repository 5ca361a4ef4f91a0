#!/bin/bash
# make-disk.sh ROOT DISK MEBIBYTES: makes a qcow2 disk of this size that boots by BIOS, with the tree ROOT on its only
# partition. mke2fs fills the file system, because a container that runs this script may have no loop devices and no
# right to mount.
set -euo pipefail
root=$1 disk=$2 mebibytes=$3
raw=$disk.raw
sector=512 start=2048

truncate -s "${mebibytes}M" "$raw"
echo "start=$start, type=83, bootable" | sfdisk --quiet --label dos "$raw"
# Debian 13's GRUB cannot read file systems with orphan_file or metadata_csum_seed.
mke2fs -q -t ext4 -L root -O '^orphan_file,^metadata_csum_seed' -d "$root" -E offset=$((start * sector)) \
    "$raw" $((mebibytes - 1))M

# What grub-install does on a mounted disk: write the first stage before the partition table, and the core image behind
# it.
dd if="$root/usr/lib/grub/i386-pc/boot.img" of="$raw" bs=440 count=1 conv=notrunc status=none
[ "$(stat -c %s "$root/boot/grub/core.img")" -le $(((start - 1) * sector)) ]
dd if="$root/boot/grub/core.img" of="$raw" bs=$sector seek=1 conv=notrunc status=none

qemu-img convert -f raw -O qcow2 -c "$raw" "$disk"
rm "$raw"
