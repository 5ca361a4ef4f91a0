#!/bin/bash
# make-disk.sh ROOT DISK: a disk image (qcow2) that BIOS boots, with the tree ROOT on its one partition. mke2fs fills the file system itself:
# neither a loop device nor a mount is needed, which a container that this runs in might not have.
set -euo pipefail
root=$1 disk=$2
raw=$disk.raw
sector=512 start=2048 mebibytes=2048        # the smallest disk that a machine can have; cloud-init lets the file system grow to the one that it gets

truncate -s ${mebibytes}M "$raw"
echo "start=$start, type=83, bootable" | sfdisk --quiet --label dos "$raw"
# orphan_file and metadata_csum_seed are newer than what Debian 13's GRUB reads.
mke2fs -q -t ext4 -L root -O '^orphan_file,^metadata_csum_seed' -d "$root" -E offset=$((start * sector)) "$raw" $((mebibytes - 1))M

# What grub-install does, for which it wants a mounted disk: the first stage before the partition table, its core in the gap behind it.
dd if="$root/usr/lib/grub/i386-pc/boot.img" of="$raw" bs=440 count=1 conv=notrunc status=none
[ "$(stat -c %s "$root/boot/grub/core.img")" -le $(((start - 1) * sector)) ]
dd if="$root/boot/grub/core.img" of="$raw" bs=$sector seek=1 conv=notrunc status=none

qemu-img convert -f raw -O qcow2 -c "$raw" "$disk"
rm "$raw"
