"""What goes into a digest (`board`, `choosing`) and how it is put on paper (`press`); services decide who gets one."""
