"""The AT dialogue of one port (V.250, 27.005, 27.007): command lines in, answers and unsolicited lines out."""
