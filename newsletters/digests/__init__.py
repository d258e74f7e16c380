"""What goes into a digest (`board`, `choosing`), and how it is put on paper (`press`). Who gets one is decided in services."""
