"""What a power cut leaves: the disk is copied in mid-load as it is, and the copy is started from."""
