#!/bin/sh
# mmdebstrap's hook: makes a lab guest, of whichever kind, of the plain Debian tree in $1. LAB_MIRROR and LAB_SECURITY are the host's mirrors,
# whose names must not stay in the image: guests ask http://packages.lab/, which only the lab's package proxy knows.
set -eu
umask 022
root=$1
apt=$root/etc/apt

cat >"$apt/preferences.d/lab" <<END
Explanation: unstable is there for what trixie lacks, never to replace what it has
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

# Package lists under the names that the guests' apt will look for: its first update then only asks whether they changed.
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
# Many connections at once, some too early, all from one address: that is how the lab is installed.
MaxStartups 100
PerSourcePenalties no
END
rm -f "$root"/etc/ssh/ssh_host_*
mkdir -p "$root/root/.ssh"
chmod 700 "$root/root/.ssh"

# What would meddle with it behind our back.
chroot "$root" systemctl mask --quiet apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer
chroot "$root" systemctl enable --quiet systemd-networkd.service ssh.service
: >"$root/etc/machine-id"
: >"$root/etc/resolv.conf"
: >"$root/etc/hostname"
# openjdk's and others' postinst scripts want the folders of the manuals that dpkg leaves out.
for section in 1 2 3 4 5 6 7 8; do mkdir -p "$root/usr/share/man/man$section"; done
