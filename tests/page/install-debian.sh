#!/bin/sh
# Installs Debian's Chromium (bookworm or later), which tests/page drives, as root.
set -eu

export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -q -y --no-install-recommends chromium fonts-dejavu-core fonts-noto-color-emoji
