"""Installation as a service: systemd units, udev rules, user, man pages, shell completion."""
