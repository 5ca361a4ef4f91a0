#!/bin/sh
# mmdebstrap's first hook: makes the plain Debian tree in $1 a lab guest, container or virtual machine. LAB_MIRROR and
# LAB_SECURITY are this machine's mirrors. The image gets http://packages.lab/ instead, the lab's package proxy.
set -eu
umask 022
root=$1
apt=$root/etc/apt

cat >"$apt/preferences.d/lab" <<END
Explanation: unstable is only for packages that trixie does not have
Package: *
Pin: release n=sid
Pin-Priority: 50
END
rm -f "$apt/sources.list" "$apt"/sources.list.d/*
cat >"$apt/sources.list.d/lab.sources" <<END
Types: deb
URIs: $LAB_MIRROR
Suites: trixie trixie-updates sid
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: $LAB_SECURITY
Suites: trixie-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
END

# Rename the package lists for http://packages.lab/: the first update of a guest then downloads only lists that have
# changed.
APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get update --error-on=any
listed() { printf %s "${1#*://}" | tr / _; }
for file in "$root"/var/lib/apt/lists/*_dists_*; do
    name=${file##*/}
    case $name in
        "$(listed "$LAB_SECURITY")_dists_"*) new=packages.lab_debian-security_dists_${name#*_dists_} ;;
        *) new=packages.lab_debian_dists_${name#*_dists_} ;;
    esac
    mv "$file" "$root/var/lib/apt/lists/$new"
done
sed -i "s|^URIs: $LAB_SECURITY\$|URIs: http://packages.lab/debian-security|; s|^URIs: $LAB_MIRROR\$|URIs: http://packages.lab/debian|" "$apt/sources.list.d/lab.sources"
rm -f "$apt/apt.conf.d/99mmdebstrap"
printf '%s\n' "$LAB_APT_CONF" >"$apt/apt.conf.d/80lab"
chroot "$root" apt-cache gencaches
rm -f "$root"/var/cache/apt/archives/*.deb

mkdir -p "$root/etc/ssh/sshd_config.d"
cat >"$root/etc/ssh/sshd_config.d/lab.conf" <<END
HostKey /etc/ssh/ssh_host_ed25519_key
PasswordAuthentication no
# The installation opens many connections at once from one address, some of them before the login key is in place.
MaxStartups 100
PerSourcePenalties no
END
rm -f "$root"/etc/ssh/ssh_host_*
mkdir -p "$root/root/.ssh"
chmod 700 "$root/root/.ssh"

# Timers that would change packages or file systems at times of their own.
chroot "$root" systemctl mask --quiet apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer
chroot "$root" systemctl enable --quiet systemd-networkd.service ssh.service
: >"$root/etc/machine-id"
: >"$root/etc/resolv.conf"
: >"$root/etc/hostname"
# dpkg leaves manuals out, but postinst scripts such as openjdk's need their folders.
for section in 1 2 3 4 5 6 7 8; do mkdir -p "$root/usr/share/man/man$section"; done
