#!/bin/bash
# mount-machine.sh FOLDER: a machine's root, as FOLDER/root: its own files (FOLDER/upper) over the image whose path is in FOLDER/lower.
set -euo pipefail
cd "$1"
mountpoint -q root || exec mount -t overlay overlay -o "lowerdir=$(<lower),upperdir=upper,workdir=work" root
