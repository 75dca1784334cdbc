"""Where parts are worked on: processes of this machine, or a Ray cluster; both map the same functions."""
