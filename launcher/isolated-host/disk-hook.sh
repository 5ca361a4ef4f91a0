#!/bin/sh
# mmdebstrap's last hook for virtual machines: gives the guest in $1 what a cloud image has, a boot loader and a
# configured cloud-init.
set -eu
umask 022
root=$1

# Debian keeps /vmlinuz and /initrd.img as links to the newest kernel, so a kernel update needs no change here.
# no_timer_check: an emulated machine on a busy host misses timer ticks, and the kernel would panic over broken
# hardware.
mkdir -p "$root/boot/grub"
cat >"$root/boot/grub/grub.cfg" <<END
linux /vmlinuz root=LABEL=root ro net.ifnames=0 no_timer_check panic=10 console=tty0 console=ttyS0
initrd /initrd.img
boot
END
chroot "$root" grub-mkimage --format=i386-pc --prefix='(hd0,msdos1)/boot/grub' --output=/boot/grub/core.img biosdisk part_msdos ext2 linux normal configfile
# GRUB reads the initramfs through the BIOS, and the kernel unpacks it. Both are slow on an emulated machine, so it has
# the one module only that the disk needs.
sed -i 's/^MODULES=.*/MODULES=list/; s/^FSTYPE=.*/FSTYPE=ext4/' "$root/etc/initramfs-tools/initramfs.conf"
echo virtio_blk >>"$root/etc/initramfs-tools/modules"
chroot "$root" update-initramfs -u
echo "LABEL=root / ext4 errors=remount-ro 0 1" >"$root/etc/fstab"

cat >"$root/etc/cloud/cloud.cfg.d/90_lab.cfg" <<END
# Only the disk that libvirt attaches. The data sources of clouds would be asked over the network, where nothing
# answers.
datasource_list: [ NoCloud ]
# What the lab's user data needs, and no more: an emulated machine takes seconds for each module.
cloud_init_modules: [ write_files, growpart, resizefs, set_hostname, update_hostname, users_groups, ssh ]
cloud_config_modules: []
cloud_final_modules: []
END
# What they do at boot has no use here: LVM snapshots, GRUB's record of a good boot, cards that come and go.
chroot "$root" systemctl mask --quiet e2scrub_reap.service grub-common.service cloud-init-hotplugd.socket
# Every daemon-reload runs the generators. Without these, which find nothing here, it took an emulated machine 3 s
# instead of 10 (2026-11-28), and the first up does a dozen.
mkdir -p "$root/etc/systemd/system-generators"
for generator in debug gpt-auto hibernate-resume rc-local run ssh system-update sysv tpm2; do
    ln -s /dev/null "$root/etc/systemd/system-generators/systemd-$generator-generator"
done
# What units with ConditionNeedsUpdate would do at the first boot is done.
chroot "$root" journalctl --update-catalog
touch "$root/etc/.updated" "$root/var/.updated"
# KeepConfiguration: else a restart of networkd removes keepalived's virtual address. cloud-init writes the file that
# this drop-in extends.
drop_ins=$root/etc/systemd/network/10-cloud-init-eth0.network.d
mkdir -p "$drop_ins"
printf '[Network]\nKeepConfiguration=yes\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n' >"$drop_ins/lab.conf"
