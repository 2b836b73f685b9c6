"""Plans that wait for somebody's word."""
