"""A recorded run on the screens of a live one."""
