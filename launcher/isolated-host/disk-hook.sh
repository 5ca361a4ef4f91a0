#!/bin/sh
# mmdebstrap's last hook: makes what a cloud image's disk holds of the lab guest in $1: a boot loader, and a cloud-init that takes its orders
# from the disk that libvirt attaches, and from nowhere else.
set -eu
umask 022
root=$1

# /vmlinuz and /initrd.img are links to the newest kernel, which Debian's packages keep: nothing here has to follow an update. An emulated
# machine that does not get its turn misses timer ticks, which the kernel would take for broken hardware: no_timer_check, as other clouds' images
# have it. What panics all the same starts again.
mkdir -p "$root/boot/grub"
cat >"$root/boot/grub/grub.cfg" <<END
linux /vmlinuz root=LABEL=root ro net.ifnames=0 no_timer_check panic=10 console=tty0 console=ttyS0
initrd /initrd.img
boot
END
chroot "$root" grub-mkimage --format=i386-pc --prefix='(hd0,msdos1)/boot/grub' --output=/boot/grub/core.img biosdisk part_msdos ext2 linux normal configfile
echo "LABEL=root / ext4 errors=remount-ro 0 1" >"$root/etc/fstab"

cat >"$root/etc/cloud/cloud.cfg.d/90_lab.cfg" <<END
# Not looked for: those of the clouds, which are asked over a network that nobody answers in.
datasource_list: [ NoCloud ]
apt:
    preserve_sources_list: true
END
# keepalived's addresses are not networkd's to remove. The folder belongs to the file that cloud-init writes.
drop_ins=$root/etc/systemd/network/10-cloud-init-eth0.network.d
mkdir -p "$drop_ins"
printf '[Network]\nKeepConfiguration=yes\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n' >"$drop_ins/lab.conf"
