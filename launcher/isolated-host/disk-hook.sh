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
echo "LABEL=root / ext4 errors=remount-ro 0 1" >"$root/etc/fstab"

cat >"$root/etc/cloud/cloud.cfg.d/90_lab.cfg" <<END
# Only the disk that libvirt attaches. The data sources of clouds would be asked over the network, where nothing
# answers.
datasource_list: [ NoCloud ]
apt:
    preserve_sources_list: true
END
# KeepConfiguration: else a restart of networkd removes keepalived's virtual address. cloud-init writes the file that
# this drop-in extends.
drop_ins=$root/etc/systemd/network/10-cloud-init-eth0.network.d
mkdir -p "$drop_ins"
printf '[Network]\nKeepConfiguration=yes\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n' >"$drop_ins/lab.conf"
